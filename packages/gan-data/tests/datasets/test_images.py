import logging
import pickle
import re

import pytest
import torch
from gan_data import DataError, Images, find_images, from_uint8, read_image, to_uint8
from torch.utils.data import DataLoader


def at(seed, dataset, index=0):
    torch.manual_seed(seed)
    return dataset[index]


def test_whole_pictures_are_what_the_files_hold(save, tmp_path):
    paths = [save("a.png"), save("b/c.png", size=(9, 5))]
    images = Images(tmp_path, flip=False)
    assert images.paths == paths
    assert len(images) == 2
    assert torch.equal(images[1], read_image(paths[1]))
    assert images[1].dtype == torch.float32
    with pytest.raises(IndexError):
        images[2]


def test_a_random_crop_is_a_window_of_the_picture_or_its_mirror_image(save, positions):
    path = save("x.png", picture=positions(20, 30))
    images = Images([path], size=(8, 11))
    corners, mirrored = set(), 0
    for seed in range(200):
        x, y, _ = to_uint8(at(seed, images)).int()
        assert torch.equal(y, (int(y[0, 0]) + torch.arange(8).int()).view(8, 1).expand(8, 11))
        rightward = bool(x[0, 1] > x[0, 0])
        columns = x[0] if rightward else x[0].flip(0)
        assert torch.equal(columns, int(columns[0]) + torch.arange(11).int())
        corners.add((int(y[0, 0]), int(columns[0])))
        mirrored += not rightward
    assert {top for top, _ in corners} == set(range(20 - 8 + 1))
    assert {left for _, left in corners} == set(range(30 - 11 + 1))
    assert 70 < mirrored < 130


def test_a_sample_depends_on_torchs_seed_and_nothing_else(save, tmp_path):
    for name in "abc":
        save(f"{name}.png", size=(20, 20))
    cached, uncached = Images(tmp_path, size=8), Images(tmp_path, size=8, cache_bytes=0)
    first = at(5, cached, 1)
    for index in (0, 1, 2, 1):
        at(index, cached, index)
    assert torch.equal(at(5, cached, 1), first)
    assert torch.equal(at(5, uncached, 1), first)
    assert not torch.equal(at(6, cached, 1), first)


def test_a_sample_may_be_changed_without_harming_the_cache(save, tmp_path):
    save("a.png")
    images = Images(tmp_path, flip=False)
    images[0].zero_()
    assert torch.equal(images[0], read_image(tmp_path / "a.png"))


def test_centre_crop_without_flip(save, positions):
    path = save("x.png", picture=positions(21, 30))
    x, y, _ = to_uint8(Images([path], size=8, crop="center", flip=False)[0]).tolist()
    assert y[0][0] == (21 - 8) // 2
    assert x[0] == list(range(11, 19))


@pytest.mark.parametrize(
    ("load_size", "expected"),
    [(30, (30, 45)), (10, (10, 15)), ((7, 9), (7, 9)), (20, (20, 30)), (None, (20, 30))],
)
def test_load_size_is_of_the_shorter_side_or_exact(save, load_size, expected):
    images = Images([save("x.png", size=(20, 30))], load_size=load_size, flip=False)
    assert images[0].shape == (3, *expected)
    upright = Images([save("y.png", size=(30, 20))], load_size=load_size, flip=False)
    if not isinstance(load_size, tuple):
        assert upright[0].shape == (3, *expected[::-1])


def test_resizing_is_antialiased(save):
    from PIL import Image

    stripes = Image.new("L", (64, 64))
    stripes.putdata([255 * (x % 2) for _ in range(64) for x in range(64)])
    levels = to_uint8(Images([save("x.png", picture=stripes)], load_size=16)[0]).int()
    assert (levels[..., 2:-2] - 127).abs().max() <= 2


def test_smaller_than_the_crop_is_known_at_once(save, tmp_path):
    save("ok.png", size=(40, 40))
    save("low.png", size=(20, 90))
    with pytest.raises(
        DataError, match=r"32x32 .*but 1 of 2 are smaller: .*low\.png \(20x90\); .*load_size of at least 32"
    ):
        Images(tmp_path, size=32)
    assert len(Images(tmp_path, size=32, load_size=36)) == 2
    with pytest.raises(DataError, match="after resizing to load_size=30, but 2 of 2 are smaller"):
        Images(tmp_path, size=32, load_size=30)
    with pytest.raises(DataError, match=r"32x64 .*but 1 of 2 are smaller: .*ok\.png"):
        Images(tmp_path, size=(32, 64), load_size=36)


def test_unreadable_files_are_known_at_once(save, tmp_path):
    save("ok.png")
    (tmp_path / "page.png").write_text("<html>")
    with pytest.raises(DataError, match=r"page\.png: is not an image"):
        Images(tmp_path)
    (tmp_path / "zero.jpg").touch()
    with pytest.raises(
        DataError, match=r"2 of 3 files cannot be read: .*page\.png \(is not .*zero\.jpg \(is empty"
    ):
        Images(tmp_path)


def test_a_truncated_file_is_named_when_its_turn_comes(save, tmp_path):
    path = save("x.jpg", size=(64, 64))
    path.write_bytes(path.read_bytes()[:-500])
    images = Images(tmp_path)
    with pytest.raises(DataError, match=r"x\.jpg: is truncated or corrupt .*; copy it again or delete it"):
        images[0]


def test_options_out_of_range(save, tmp_path):
    save("x.png")
    with pytest.raises(ValueError, match="expected crop"):
        Images(tmp_path, crop="middle")
    with pytest.raises(DataError, match="got an empty list"):
        Images([])


@pytest.mark.parametrize("value", [0, (3, -1), 4.0, "4", (4,), [4, 4, 4], [4, 4.0]])
@pytest.mark.parametrize("name", ["size", "load_size"])
def test_a_size_is_one_whole_number_or_two(save, tmp_path, name, value):
    save("x.png")
    message = f"expected {name} to be a whole number of pixels, or two .*; got {re.escape(repr(value))}"
    with pytest.raises(ValueError, match=message):
        Images(tmp_path, **{name: value})


def test_a_size_may_be_a_list(save, tmp_path):
    save("x.png")
    assert Images(tmp_path, size=[4, 5], load_size=[8, 9])[0].shape == (3, 4, 5)


class TestKeep:
    def test_what_it_rejects_is_left_out_and_told(self, save, tmp_path, positions, caplog):
        dark = save("dark.png", picture=positions(4, 4))
        bright = save("bright.png", picture=positions(4, 4).point(lambda level: 255 - level))

        def is_bright(image):
            return image.mean() > 0

        with caplog.at_level(logging.WARNING):
            images = Images(tmp_path, keep=is_bright)
        assert (images.paths, images.dropped, len(images)) == ([bright], [dark], 1)
        assert caplog.messages == ["1 of 2 images were left out by is_bright"]

    def test_it_sees_each_picture_once_and_reduced(self, save, tmp_path):
        save("big.png", size=(300, 600))
        small = save("small.png", size=(20, 10))
        seen = []
        Images(tmp_path, keep=lambda image: bool(seen.append(image) or True))
        assert sorted(tuple(image.shape) for image in seen) == [(3, 20, 10), (3, 128, 256)]
        assert any(torch.equal(image, read_image(small)) for image in seen if image.shape[1] == 20)

    def test_a_picture_that_it_leaves_out_may_be_small(self, save, tmp_path):
        save("ok.png", size=(40, 40))
        save("icon.png", size=(4, 4))
        assert len(Images(tmp_path, size=32, keep=lambda image: image.shape[1] > 8)) == 1

    def test_nothing_kept(self, save, tmp_path):
        save("x.png")
        with pytest.raises(DataError, match=r"keep left none of 1 images, .*x\.png"):
            Images(tmp_path, keep=lambda _: False)


class TestCache:
    def test_the_bound_holds_and_what_is_kept_needs_no_file(self, save, tmp_path):
        paths = [save(f"{i}.png", size=(10, 10)) for i in range(5)]
        images = Images(tmp_path, flip=False, cache_bytes=2 * 300 + 299)
        before = [images[i] for i in range(5)]
        for path in paths:
            path.unlink()
        assert all(torch.equal(images[i], before[i]) for i in range(2))
        for i in range(2, 5):
            with pytest.raises(DataError, match="No such file"):
                images[i]

    def test_what_is_kept_is_as_large_as_load_size(self, save, tmp_path):
        paths = [save(f"{i}.png", size=(100, 100)) for i in range(2)]
        images = Images(tmp_path, size=8, load_size=10, cache_bytes=600)
        shapes = [images[i].shape for i in range(2)]
        for path in paths:
            path.unlink()
        assert [images[i].shape for i in range(2)] == shapes

    def test_it_does_not_travel(self, save, tmp_path):
        save("x.png", size=(100, 100))
        images = Images(tmp_path)
        expected = at(1, images)
        assert len(pickle.dumps(images)) < 5_000
        assert torch.equal(at(1, pickle.loads(pickle.dumps(images))), expected)


class Kept(torch.utils.data.Dataset):
    """How many bytes the process that reads it keeps."""

    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        self.images[index]
        return self.images._pictures._kept_bytes


@pytest.mark.parametrize(("workers", "each"), [(0, 900), (1, 900), (2, 300)])
def test_workers_share_out_the_memory(save, tmp_path, workers, each):
    for i in range(8):
        save(f"{i}.png", size=(10, 10))
    kept = DataLoader(Kept(Images(tmp_path, cache_bytes=1_000)), batch_size=None, num_workers=workers)
    assert max(int(size) for size in kept) == each


class Seeded(torch.utils.data.Dataset):
    """Seeds torch before each sample, as a training loop does that wants to go on where it stopped."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        torch.manual_seed(index)
        return self.dataset[index]


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_worker_processes_return_the_same_samples(save, tmp_path, context):
    for i in range(6):
        save(f"{i}.png", size=(20, 24))
    images = Seeded(Images(tmp_path, size=8, load_size=12, cache_bytes=2_000))
    expected = list(DataLoader(images, batch_size=2))
    workers = DataLoader(
        images, batch_size=2, num_workers=2, persistent_workers=True, multiprocessing_context=context
    )
    for _ in range(2):  # the second pass meets warm caches
        assert all(torch.equal(a, b) for a, b in zip(workers, expected, strict=True))


def test_a_list_of_paths_keeps_its_order(save, tmp_path):
    save("a.png", size=(3, 3))
    save("b.png", size=(4, 4))
    backwards = find_images(tmp_path)[::-1]
    images = Images(backwards)
    assert [images[i].shape[1] for i in range(2)] == [4, 3]
    assert torch.equal(from_uint8(to_uint8(images[0])), images[0])
