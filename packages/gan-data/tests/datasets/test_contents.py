"""The contents of image files as samples."""

import io

import pytest
import torch
from gan_data import DataError, Images, ImageTransform, write_image
from PIL import Image


def content(width, height, image_format="PNG"):
    file = io.BytesIO()
    Image.radial_gradient("L").resize((width, height)).convert("RGB").save(file, image_format)
    return file.getvalue()


def test_a_content_gives_what_its_file_gives(tmp_path):
    write_image(tmp_path / "a.png", torch.rand(3, 30, 50) * 2 - 1)
    options = {"size": (8, 12), "load_size": 16}
    (file,) = (images := Images(tmp_path, **options)).paths
    transform = ImageTransform(**options)
    for seed in range(5):
        torch.manual_seed(seed)
        expected = images[0]
        torch.manual_seed(seed)
        assert torch.equal(transform(file.read_bytes()), expected)


def test_images_of_a_pair_are_cropped_and_mirrored_alike():
    transform = ImageTransform(size=8, load_size=16)
    one = content(30, 50)
    first, second = transform.alike(one, one)
    assert torch.equal(first, second)
    with pytest.raises(DataError, match="images of one size to crop alike; got 16x27 and 27x16"):
        transform.alike(one, content(50, 30))


@pytest.mark.parametrize(
    ("damaged", "message"),
    [
        (b"", r"the picture is empty \(0 bytes\); copy it again"),
        (b"no image at all", "the picture is not an image"),
        (content(8, 8)[:60], "the picture is truncated or corrupt"),
        (content(8, 8, "EPS"), "the picture holds"),
        (b"version https://git-lfs.github.com/spec/v1\n", "the picture holds a pointer of Git LFS"),
    ],
)
def test_a_damaged_content_is_one_sentence(damaged, message):
    with pytest.raises(DataError, match=message):
        ImageTransform()(damaged)


@pytest.mark.parametrize("given", [{"bytes": b""}, Image.new("L", (8, 8)), "a.png"])
def test_what_is_not_bytes_is_one_sentence(given):
    with pytest.raises(DataError, match=r"expected the bytes of an image file; got .*Image\(decode=False\)"):
        ImageTransform()(given)


def test_too_small_is_one_sentence():
    with pytest.raises(DataError, match="expected 16x16 pixels to crop; got 8x8"):
        ImageTransform(size=16)(content(8, 8))
