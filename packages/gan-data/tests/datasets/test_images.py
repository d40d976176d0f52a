import logging
import re

import pytest
import torch
from gan_data import DataError, Images, find_images, from_uint8, read_image, to_uint8
from gan_data.decoding.tensors import to_pillow
from PIL import ExifTags, Image
from PIL.JpegImagePlugin import JpegImageFile
from torch.utils.data import DataLoader


def at(seed, dataset, index=0):
    torch.manual_seed(seed)
    return dataset[index]


def test_whole_images_equal_the_files(save, tmp_path):
    paths = [save("a.png"), save("b/c.png", size=(9, 5))]
    images = Images(tmp_path, flip=False)
    assert images.paths == paths
    assert len(images) == 2
    assert torch.equal(images[1], read_image(paths[1]))
    assert images[1].dtype == torch.float32
    with pytest.raises(IndexError):
        images[2]


def test_a_random_crop_is_a_window_of_the_image_or_its_mirror_image(save, positions):
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


def test_a_sample_depends_on_torchs_seed_alone(save, tmp_path):
    for name in "abc":
        save(f"{name}.png", size=(20, 20))
    cached, uncached = Images(tmp_path, size=8), Images(tmp_path, size=8, cache_bytes=0)
    first = at(5, cached, 1)
    for index in (0, 1, 2, 1):
        at(index, cached, index)
    assert torch.equal(at(5, cached, 1), first)
    assert torch.equal(at(5, uncached, 1), first)
    assert not torch.equal(at(6, cached, 1), first)


def test_changing_a_sample_does_not_change_the_cache(save, tmp_path):
    save("a.png")
    images = Images(tmp_path, flip=False)
    images[0].zero_()
    assert torch.equal(images[0], read_image(tmp_path / "a.png"))


def test_center_crop_without_flip(save, positions):
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


def test_images_smaller_than_the_crop_are_found_at_once(save, tmp_path):
    save("ok.png", size=(40, 40))
    save("low.png", size=(20, 90))
    with pytest.raises(
        DataError, match=r"32x32 .*; 1 of 2 are smaller: .*low\.png \(20x90\); .*load_size of at least 32"
    ):
        Images(tmp_path, size=32)
    assert len(Images(tmp_path, size=32, load_size=36)) == 2
    with pytest.raises(DataError, match="after resizing to load_size=30; 2 of 2 are smaller"):
        Images(tmp_path, size=32, load_size=30)
    with pytest.raises(DataError, match=r"32x64 .*; 1 of 2 are smaller: .*ok\.png"):
        Images(tmp_path, size=(32, 64), load_size=36)


def test_unreadable_files_are_found_at_once(save, tmp_path):
    save("ok.png")
    (tmp_path / "page.png").write_text("404")
    with pytest.raises(DataError, match=r"page\.png: is not an image"):
        Images(tmp_path)
    (tmp_path / "zero.jpg").touch()
    with pytest.raises(
        DataError, match=r"2 of 3 files cannot be read: .*page\.png \(is not .*zero\.jpg \(is empty"
    ):
        Images(tmp_path)


def test_a_truncated_file_is_named_when_it_is_read(save, tmp_path):
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
    def test_images_that_it_rejects_are_left_out_and_logged(self, save, tmp_path, positions, caplog):
        dark = save("dark.png", picture=positions(4, 4))
        bright = save("bright.png", picture=positions(4, 4).point(lambda level: 255 - level))

        def is_bright(image):
            return image.mean() > 0

        with caplog.at_level(logging.WARNING):
            images = Images(tmp_path, keep=is_bright)
        assert (images.paths, images.dropped, len(images)) == ([bright], [dark], 1)
        assert caplog.messages == ["1 of 2 images were left out by is_bright"]

    def test_it_is_called_once_for_each_image_reduced(self, save, tmp_path):
        save("big.png", size=(300, 600))
        small = save("small.png", size=(20, 10))
        seen = []
        Images(tmp_path, keep=lambda image: bool(seen.append(image) or True))
        assert sorted(tuple(image.shape) for image in seen) == [(3, 20, 10), (3, 128, 256)]
        assert any(torch.equal(image, read_image(small)) for image in seen if image.shape[1] == 20)

    def test_an_image_that_it_leaves_out_may_be_small(self, save, tmp_path):
        save("ok.png", size=(40, 40))
        save("icon.png", size=(4, 4))
        assert len(Images(tmp_path, size=32, keep=lambda image: image.shape[1] > 8)) == 1

    def test_nothing_kept(self, save, tmp_path):
        save("x.png")
        with pytest.raises(DataError, match=r"holds for none of 1 images, .*x\.png"):
            Images(tmp_path, keep=lambda _: False)


class Seeded(torch.utils.data.Dataset):
    """Seeds torch before each sample, as a training loop does to be able to resume."""

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
    for _ in range(2):  # the second pass reads from the caches
        assert all(torch.equal(a, b) for a, b in zip(workers, expected, strict=True))


def test_a_list_of_paths_keeps_its_order(save, tmp_path):
    save("a.png", size=(3, 3))
    save("b.png", size=(4, 4))
    backwards = find_images(tmp_path)[::-1]
    images = Images(backwards)
    assert [images[i].shape[1] for i in range(2)] == [4, 3]
    assert torch.equal(from_uint8(to_uint8(images[0])), images[0])


@pytest.fixture
def photo(save):
    """Saves a smooth picture of (height, width) as a JPEG; orientation as cameras store it."""

    def make(height, width, orientation=1):
        coarse = torch.rand(1, 3, 5, 7, generator=torch.Generator().manual_seed(1))
        pixels = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic")
        picture = to_pillow(pixels[0].mul(255).clamp(0, 255).byte())
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = orientation
        path = save("photo.jpg", picture=picture)
        picture.save(path, quality=90, exif=exif)
        return path

    return make


@pytest.mark.parametrize(
    ("orientation", "load_size", "decoded"),
    [(1, 30, (80, 60)), (6, 30, (80, 60)), (3, (40, 21), (160, 120)), (6, (40, 21), (80, 60))],
)
def test_reduced_decoding_is_nearly_the_same(photo, load_size, orientation, decoded, monkeypatch):
    path, parts = photo(240, 320, orientation), []
    draft = JpegImageFile.draft
    monkeypatch.setattr(
        JpegImageFile, "draft", lambda image, *size: parts.append(size) or draft(image, *size)
    )
    full, reduced = (
        Images([path], load_size=load_size, flip=False, reduced_decoding=choice)[0]
        for choice in (False, True)
    )
    assert parts == [(None, decoded)]  # a half or a quarter of 320x240, at least twice as large as needed
    assert full.shape == reduced.shape
    assert (full - reduced).abs().mean() < 1 / 127.5  # one level


@pytest.mark.parametrize(("height", "width"), [(119, 160), (110, 110)])
def test_reduced_decoding_leaves_what_does_not_divide_or_is_smaller(photo, height, width):
    full, reduced = (
        Images([photo(height, width)], load_size=56, flip=False, reduced_decoding=choice)[0]
        for choice in (False, True)
    )
    assert torch.equal(full, reduced)
