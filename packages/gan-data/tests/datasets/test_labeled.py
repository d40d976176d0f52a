"""Photos with label and instance maps, all with the same geometry."""

import pickle

import pytest
import torch
from gan_data import (
    DataError,
    LabeledPhotos,
    find_labeled,
    read_image,
    read_labels,
    to_uint8,
)
from torch.utils.data import DataLoader


def test_all_three_are_cropped_and_mirrored_in_the_same_way(city):
    dataset = LabeledPhotos(**city, classes=30, size=(8, 11))
    assert len(dataset) == 2
    windows = set()
    for seed in range(30):
        torch.manual_seed(seed)
        labels, instances, photo = dataset[seed % 2]
        assert (labels.shape, instances.shape, photo.shape) == ((8, 11), (8, 11), (3, 8, 11))
        column, row, _ = to_uint8(photo).long()
        assert torch.equal(labels, column)
        assert torch.equal(instances, row + 26_000)
        windows.add((int(row[0, 0]), *column[0].tolist()))
    assert len(windows) > 20
    assert any(window[1] > window[2] for window in windows)


@pytest.mark.parametrize("load_size", [(40, 60), (10, 15), (33, 47)])
def test_maps_are_never_interpolated(save, load_size, numbers):
    stripes = numbers([[0, 200, 0, 90] * 5 for _ in range(16)])
    photo, label = save("img/a.png", size=(16, 20)), save("label/a.png", picture=stripes)
    dataset = LabeledPhotos(photo.parent, labels=label.parent, load_size=load_size, flip=False)
    labels, instances, photo = dataset[0]
    assert labels.shape == photo.shape[1:] == load_size
    assert set(labels.unique().tolist()) <= {0, 90, 200}
    assert torch.equal(instances, labels)  # without instance maps each class is one instance


def test_whole_images_equal_the_files(city):
    dataset = LabeledPhotos(**city, flip=False)
    labels, instances, photo = dataset[1]
    assert torch.equal(photo, read_image(dataset.files[1].photo))
    assert torch.equal(labels, read_labels(dataset.files[1].labels))
    assert torch.equal(instances, read_labels(dataset.files[1].instances))


def test_instance_maps_alone(city):
    labels, instances, _ = LabeledPhotos(city["photos"], instances=city["instances"], flip=False)[0]
    assert labels.unique().tolist() == [0]
    assert instances[:, 0].tolist() == list(range(26_000, 26_020))


def test_a_batch_keeps_its_names(city):
    loader = DataLoader(LabeledPhotos(**city, size=8), batch_size=2)
    (batch,) = loader
    assert batch.labels.shape == batch.instances.shape == (2, 8, 8)
    assert batch.photo.shape == (2, 3, 8, 8)


def test_a_copy_for_another_process_gives_the_same(city):
    dataset = LabeledPhotos(**city, classes=30, flip=False)
    for ours, theirs in zip(dataset[0], pickle.loads(pickle.dumps(dataset))[0], strict=True):
        assert torch.equal(ours, theirs)


def test_an_instance_map_of_another_size_than_its_photo(city, save, numbers):
    save("train_inst/bonn_2_gtFine_instanceIds.png", picture=numbers([[1] * 30] * 10))
    with pytest.raises(
        DataError,
        match=r"1 of 2 pairs differ: .*bonn_2_gtFine_instanceIds\.png \(10x30\) and "
        r".*bonn_2_leftImg8bit\.png \(20x30\); resize the map by the nearest pixel",
    ):
        LabeledPhotos(**city)


def test_a_label_out_of_range_names_file_value_and_range(city):
    dataset = LabeledPhotos(**city, classes=29)
    with pytest.raises(
        DataError,
        match=r"bonn_2_gtFine_labelIds\.png: holds the labels 29, but labels go from 0 to 28 \(or 255",
    ):
        dataset[1]
    with pytest.raises(ValueError, match="got 29, which is one of them"):
        LabeledPhotos(**city, classes=30, ignore=29)


def test_ignored_labels_stay(save, numbers):
    photo = save("img/a.png", size=(1, 2))
    label = save("label/a.png", picture=numbers([[255, 1]]))
    dataset = LabeledPhotos(photo.parent, labels=label.parent, classes=2, flip=False)
    assert dataset[0].labels.tolist() == [[255, 1]]


def test_mistakes_in_the_folders(city, save):
    with pytest.raises(DataError, match="expected maps for these photos; give labels, instances or both"):
        LabeledPhotos(city["photos"])
    with pytest.raises(DataError, match="expected at least one photo; got an empty list"):
        LabeledPhotos([])
    listed = find_labeled(**city)
    with pytest.raises(
        ValueError, match=r"only a list of LabeledFiles; got .*; make the list with find_labeled"
    ):
        LabeledPhotos([file.photo for file in listed])
    with pytest.raises(ValueError, match="or only a list of LabeledFiles"):
        LabeledPhotos(listed, labels=city["labels"])
    with pytest.raises(DataError, match=r"2 of 2 are smaller: .*leftImg8bit\.png \(20x30\)"):
        LabeledPhotos(**city, size=21)
    save("train_img/alone.png")
    with pytest.raises(DataError, match=r"1 have none: .*alone\.png"):
        LabeledPhotos(**city)
