from functools import partial

import pytest
import torch
from gan_data import DataError, Images, UnpairedFolders
from PIL import Image


@pytest.fixture
def root(save, tmp_path):
    """trainA has levels 0 to 2, trainB 100 to 106, testA 10, testB 20."""
    for folder, levels in {
        "trainA": range(3),
        "trainB": range(100, 107),
        "testA": [10],
        "testB": [20],
    }.items():
        for level in levels:
            save(f"{folder}/{level}.png", picture=Image.new("L", (16, 12), level))
    return tmp_path


def levels(pair):
    return tuple(round(float((image[0, 0, 0] + 1) * 127.5)) for image in pair)


def test_a_pass_shows_the_larger_domain_once(root):
    dataset = UnpairedFolders(root, size=8)
    assert len(dataset) == 7
    sampled = [levels(dataset[i]) for i in range(7)]
    assert [a for a, _ in sampled] == [0, 1, 2, 0, 1, 2, 0]
    assert {b for _, b in sampled} <= set(range(100, 107))
    assert levels(dataset[-2])[0] == 2
    with pytest.raises(IndexError, match="below 7"):
        dataset[7]


def test_the_partner_is_sampled_with_torchs_seed(root):
    dataset = UnpairedFolders(root, size=8)

    def at(seed):
        torch.manual_seed(seed)
        return levels(dataset[1])

    sampled = [at(seed) for seed in range(60)]
    assert sampled == [at(seed) for seed in range(60)]
    assert {b for _, b in sampled} == set(range(100, 107))
    assert {a for a, _ in sampled} == {1}


def test_the_two_are_cropped_independently(save, positions, tmp_path):
    for folder in "AB":
        save(f"{folder}/x.png", picture=positions(40, 40))
    dataset = UnpairedFolders(tmp_path / "A", tmp_path / "B", size=8, load_size=None)
    torch.manual_seed(0)
    assert any(not torch.equal(*dataset[0]) for _ in range(5))


def test_split_and_size(root):
    a, b = UnpairedFolders(root, split="test", size=256)[0]
    assert levels((a, b)) == (10, 20)
    assert a.shape == b.shape == (3, 256, 256)
    for size in ((8, 10), [8, 10]):
        assert UnpairedFolders(root, size=size)[0][1].shape == (3, 8, 10)
    assert UnpairedFolders(root, size=None, load_size=None)[0][1].shape == (3, 12, 16)


def test_jitter_enlarges_as_the_paper_does(save, positions, tmp_path):
    """286 pixels for a crop of 256, so 143 for one of 128: images of that size are not resized."""
    for folder in "AB":
        save(f"{folder}/x.png", picture=positions(143, 143))
    jitter = UnpairedFolders(tmp_path / "A", tmp_path / "B", size=128)
    plain = UnpairedFolders(tmp_path / "A", tmp_path / "B", size=128, load_size=None)  # 143 already
    for seed in range(20):
        torch.manual_seed(seed)
        a = jitter[0]
        torch.manual_seed(seed)
        b = plain[0]
        assert torch.equal(a[0], b[0])
        assert torch.equal(a[1], b[1])


def test_every_dataset_enlarges_alike(save, positions, tmp_path):
    save("x.png", picture=positions(72, 72))  # 71.5 for a crop of 64
    jitter, exact = (Images(tmp_path, size=64, load_size=size) for size in ("jitter", 72))
    torch.manual_seed(0)
    crop = jitter[0]
    torch.manual_seed(0)
    assert torch.equal(crop, exact[0])


def test_mistakes(root):
    with pytest.raises(DataError, match=r"expected folders trainA and trainB in it"):
        UnpairedFolders(root / "trainA")
    for dataset in (UnpairedFolders, partial(Images, load_size="jitter")):
        with pytest.raises(ValueError, match=r"jitter.* expects a size"):
            dataset(root, size=None)
    with pytest.raises(ValueError, match=r"expected size to be a whole number .*; got 4\.0"):
        UnpairedFolders(root, size=4.0)


def test_lists_of_files_in_place_of_folders(root):
    a, b = [root / "trainA" / "1.png"], [root / "trainB" / "104.png", root / "trainB" / "105.png"]
    dataset = UnpairedFolders(a, b, size=8)
    assert len(dataset) == 2
    assert {levels(dataset[i])[0] for i in range(2)} == {1}
    assert {levels(dataset[i])[1] for i in range(2)} <= {104, 105}
    with pytest.raises(ValueError, match="give `b` as well"):
        UnpairedFolders(a, size=8)
