import pytest
import torch
from gan_data import DataError, PairedFolders, find_pairs, read_image, split_by_content, to_uint8


def test_both_of_a_pair_are_cropped_and_mirrored_in_the_same_way(ab, assert_negatives_in_many_windows):
    dataset = PairedFolders(ab / "A", ab / "B", size=8)
    assert dataset[0][0].shape == (3, 8, 8)
    assert_negatives_in_many_windows(dataset)


def test_both_of_a_pair_are_resized_in_the_same_way(ab):
    a, b = PairedFolders(ab, load_size=(10, 15), flip=False)[0]
    assert a.shape == (3, 10, 15)
    assert (to_uint8(a).int() + to_uint8(b).int() - 255).abs().max() <= 1


def test_one_folder_with_a_and_b(ab):
    dataset = PairedFolders(ab, size=8)
    assert dataset.pairs == find_pairs(ab / "A", ab / "B")
    assert len(dataset) == 2
    with pytest.raises(DataError, match=r"A: expected folders A and B in it; .* give both folders"):
        PairedFolders(ab / "A")


def test_a_list_of_pairs_from_a_split(save, tmp_path):
    for i in range(12):
        save(f"A/{i}.png")
        save(f"B/{i}.png")
    train, validation = split_by_content(find_pairs(tmp_path / "A", tmp_path / "B"), 3)
    assert len(PairedFolders(train)) == 9
    held_out = PairedFolders(validation, flip=False)
    assert torch.equal(held_out[0][1], read_image(validation[0][1]))
    with pytest.raises(DataError, match="expected at least one pair; got an empty list"):
        PairedFolders([])


def test_pairs_that_differ_in_size_are_named(save, tmp_path):
    save("A/1.png", size=(8, 8))
    save("B/1.png", size=(8, 9))
    with pytest.raises(
        DataError, match=r"1 of 1 pairs differ: .*A/1\.png \(8x8\) and .*B/1\.png \(8x9\); resize"
    ):
        PairedFolders(tmp_path)


def test_pairs_too_small_for_the_crop(ab):
    with pytest.raises(DataError, match=r"; 2 of 2 are smaller: .*1\.png \(20x30\)"):
        PairedFolders(ab, size=21)
