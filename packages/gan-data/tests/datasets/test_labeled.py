"""Photos with label and instance maps: files, matching, and one geometry for all three."""

import pickle

import pytest
import torch
from gan_data import (
    DataError,
    LabelledPhotos,
    check,
    find_labelled,
    read_image,
    read_labels,
    split_by_content,
    to_uint8,
)
from gan_data.checking.command import main
from PIL import Image
from torch.utils.data import DataLoader


def numbers(rows, mode="L"):
    """A picture of one number for each pixel."""
    height, width = len(rows), len(rows[0])
    picture = Image.new(mode, (width, height))
    picture.putdata([value for row in rows for value in row])
    return picture


class TestFiles:
    def test_eight_bits(self, save):
        labels = read_labels(save("x.png", picture=numbers([[0, 34, 255], [7, 7, 1]])))
        assert labels.dtype == torch.int64
        assert labels.tolist() == [[0, 34, 255], [7, 7, 1]]

    def test_sixteen_bits_are_not_scaled(self, save):
        assert read_labels(save("x.png", picture=numbers([[26_001, 33], [0, 65_535]], "I;16"))).tolist() == [
            [26_001, 33],
            [0, 65_535],
        ]

    @pytest.mark.parametrize("bits", [2, 8])
    def test_of_a_palette_the_places(self, tmp_path, bits):
        picture = numbers([[0, 1, 2], [3, 2, 0]], "P")
        picture.putpalette([9, 9, 9, 200, 0, 0, 0, 200, 0, 0, 0, 200])
        picture.save(tmp_path / "x.png", bits=bits)
        assert read_labels(tmp_path / "x.png").tolist() == [[0, 1, 2], [3, 2, 0]]

    def test_one_bit(self, save):
        picture = numbers([[0, 255], [255, 0]]).convert("1")
        assert read_labels(save("x.png", picture=picture)).tolist() == [[0, 1], [1, 0]]

    def test_colours_are_refused(self, save):
        with pytest.raises(
            DataError, match=r"x\.png: holds colours \(RGB\), not one label a pixel; save the cl"
        ):
            read_labels(save("x.png"))

    def test_jpeg_is_refused(self, save):
        picture = numbers([[0, 255], [255, 0]])
        with pytest.raises(DataError, match=r"x\.jpg: is a JPEG, which alters labels; save the map as PNG"):
            read_labels(save("x.jpg", picture=picture))

    def test_a_broken_file(self, tmp_path):
        (tmp_path / "x.png").write_text("<html>")
        with pytest.raises(DataError, match=r"x\.png: is not an image"):
            read_labels(tmp_path / "x.png")


@pytest.fixture
def city(save, positions, tmp_path):
    """Two scenes in pix2pixHD's folders; label and instance tell the photo's column and row."""
    columns = [list(range(30)) for _ in range(20)]
    rows = [[26_000 + y for _ in range(30)] for y in range(20)]
    for name in ("aachen_1", "bonn_2"):
        save(f"train_img/{name}_leftImg8bit.png", picture=positions(20, 30))
        save(f"train_label/{name}_gtFine_labelIds.png", picture=numbers(columns))
        save(f"train_inst/{name}_gtFine_instanceIds.png", picture=numbers(rows, "I;16"))
    return tmp_path


def folders(root):
    maps = {"labels": root / "train_label", "instances": root / "train_inst"}
    return {"photos": root / "train_img", **maps}


def test_all_three_are_cropped_and_mirrored_alike(city):
    dataset = LabelledPhotos(**folders(city), classes=30, size=(8, 11))
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
def test_maps_are_never_interpolated(save, load_size):
    stripes = numbers([[0, 200, 0, 90] * 5 for _ in range(16)])
    photo, label = save("img/a.png", size=(16, 20)), save("label/a.png", picture=stripes)
    dataset = LabelledPhotos(photo.parent, labels=label.parent, load_size=load_size, flip=False)
    labels, instances, photo = dataset[0]
    assert labels.shape == photo.shape[1:] == load_size
    assert set(labels.unique().tolist()) <= {0, 90, 200}
    assert torch.equal(instances, labels)  # without instance maps a class is one instance


def test_whole_pictures_are_what_the_files_hold(city):
    dataset = LabelledPhotos(**folders(city), flip=False)
    labels, instances, photo = dataset[1]
    assert torch.equal(photo, read_image(dataset.files[1].photo))
    assert torch.equal(labels, read_labels(dataset.files[1].labels))
    assert torch.equal(instances, read_labels(dataset.files[1].instances))


def test_instance_maps_alone(city):
    labels, instances, _ = LabelledPhotos(city / "train_img", instances=city / "train_inst", flip=False)[0]
    assert labels.unique().tolist() == [0]
    assert instances[:, 0].tolist() == list(range(26_000, 26_020))


def test_a_batch_keeps_its_names(city):
    loader = DataLoader(LabelledPhotos(**folders(city), size=8), batch_size=2)
    (batch,) = loader
    assert batch.labels.shape == batch.instances.shape == (2, 8, 8)
    assert batch.photo.shape == (2, 3, 8, 8)


def test_a_copy_for_another_process_gives_the_same(city):
    dataset = LabelledPhotos(**folders(city), classes=30, flip=False)
    for ours, theirs in zip(dataset[0], pickle.loads(pickle.dumps(dataset))[0], strict=True):
        assert torch.equal(ours, theirs)


def test_files_are_matched_and_split(city):
    files = find_labelled(**folders(city))
    assert [(file.photo.name, file.labels.name) for file in files] == [
        ("aachen_1_leftImg8bit.png", "aachen_1_gtFine_labelIds.png"),
        ("bonn_2_leftImg8bit.png", "bonn_2_gtFine_labelIds.png"),
    ]
    (city / "train_img" / "bonn_2_leftImg8bit.png").write_bytes(files[0].photo.read_bytes() + b" ")
    train, validation = split_by_content(files, 1)
    assert len(LabelledPhotos(train)) == len(LabelledPhotos(validation)) == 1
    assert train[0] != validation[0]


def test_an_instance_map_of_another_size_than_its_photo(city, save):
    save("train_inst/bonn_2_gtFine_instanceIds.png", picture=numbers([[1] * 30] * 10))
    with pytest.raises(
        DataError,
        match=r"1 of 2 pairs differ: .*bonn_2_gtFine_instanceIds\.png \(10x30\) and "
        r".*bonn_2_leftImg8bit\.png \(20x30\); resize the map by the nearest pixel",
    ):
        LabelledPhotos(**folders(city))


def test_a_label_out_of_range_names_file_value_and_range(city):
    dataset = LabelledPhotos(**folders(city), classes=29)
    with pytest.raises(
        DataError,
        match=r"bonn_2_gtFine_labelIds\.png: holds the labels 29, though labels go from 0 to 28 \(or 255",
    ):
        dataset[1]
    with pytest.raises(ValueError, match="got 29, which is one of them"):
        LabelledPhotos(**folders(city), classes=30, ignore=29)


def test_ignored_labels_stay(save):
    photo = save("img/a.png", size=(1, 2))
    label = save("label/a.png", picture=numbers([[255, 1]]))
    dataset = LabelledPhotos(photo.parent, labels=label.parent, classes=2, flip=False)
    assert dataset[0].labels.tolist() == [[255, 1]]


def test_mistakes_in_the_folders(city, save):
    with pytest.raises(
        DataError, match="expected maps to go with these photos; give labels, instances or both"
    ):
        LabelledPhotos(city / "train_img")
    with pytest.raises(DataError, match="expected at least one photo; got an empty list"):
        LabelledPhotos([])
    listed = find_labelled(**folders(city))
    with pytest.raises(ValueError, match=r"LabelledFiles alone; got .*; let find_labelled make the list"):
        LabelledPhotos([file.photo for file in listed])
    with pytest.raises(ValueError, match="or a list of LabelledFiles alone"):
        LabelledPhotos(listed, labels=city / "train_label")
    with pytest.raises(DataError, match=r"2 of 2 are smaller: .*leftImg8bit\.png \(20x30\)"):
        LabelledPhotos(**folders(city), size=21)
    save("train_img/alone.png")
    with pytest.raises(DataError, match=r"1 are alone: .*alone\.png"):
        LabelledPhotos(**folders(city))


class TestCheck:
    def test_maps_are_looked_at(self, city, save):
        save("train_label/aachen_1_gtFine_labelIds.png")  # in colours
        save("train_inst/bonn_2_gtFine_instanceIds.png", picture=numbers([[1] * 30] * 10))
        save("train_inst/alone.png", picture=numbers([[1] * 30] * 20))
        maps = folders(city)
        errors = [f for f in check(maps.pop("photos"), **maps, classes=29) if f.severity == "error"]
        assert [(finding.path.name, finding.problem.split(" /")[0]) for finding in errors] == [
            ("bonn_2_leftImg8bit.png", "differs in size from its counterpart"),
            ("alone.png", "has no counterpart"),
            ("aachen_1_gtFine_labelIds.png", "holds colours (RGB), not one label a pixel"),
            (
                "bonn_2_gtFine_labelIds.png",
                "holds the labels 29, though labels go from 0 to 28 (or 255, which is ignored)",
            ),
        ]

    def test_a_good_set_and_the_command(self, city, save, capsys):
        maps = folders(city)
        for photo in maps["photos"].iterdir():
            save(f"train_img/{photo.name}", size=(20, 30))  # in colours
        assert check(maps["photos"], labels=maps["labels"], instances=maps["instances"], classes=30) == []
        command = ["check", maps["photos"], "--labels", maps["labels"], "--instances", maps["instances"]]
        command = [str(part) for part in command]
        assert main([*command, "--classes", "30"]) == 0
        assert capsys.readouterr().out == "6 images, 0 errors, 0 warnings\n"
        assert main([*command, "--classes", "9"]) == 1
        assert main([*command, "--classes", "300"]) == 2
        assert "got 255, which is one of them" in capsys.readouterr().err
        assert main([*command, "--classes", "30", "--ignore", "3"]) == 2
