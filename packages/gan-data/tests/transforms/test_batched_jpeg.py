from io import BytesIO

import pytest
import torch
from gan_data import batched_jpeg, from_uint8, jpeg, to_uint8
from gan_data.transforms.batched_jpeg import CHROMA_TABLE, LUMA_TABLE, _tables
from PIL import Image

GENERATOR = torch.Generator().manual_seed(0)


def smooth(height, width, count=1):
    """Random colors that change slowly, as in photographs, and a little noise."""
    coarse = torch.rand(count, 3, height // 8 + 2, width // 8 + 2, generator=GENERATOR) * 1.6 - 0.8
    images = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic")
    return (images + 0.02 * torch.randn(images.shape, generator=GENERATOR)).clamp(-1, 1)


def levels(image, other):
    """How many levels of 255 the two differ by, on average."""
    return (image - other).abs().mean().item() * 127.5


def test_the_tables_are_those_that_pillow_writes():
    ours = [_tables(table, range(1, 96), torch.device("cpu")).int() for table in (LUMA_TABLE, CHROMA_TABLE)]
    for quality in range(1, 96):
        file = BytesIO()
        Image.new("RGB", (8, 8)).save(file, "JPEG", quality=quality)
        with Image.open(file) as image:
            theirs = image.quantization
        assert [table[quality - 1].tolist() for table in ours] == [list(theirs[0]), list(theirs[1])]


@pytest.mark.parametrize("size", [(64, 64), (63, 49), (50, 34), (17, 16), (8, 57), (9, 9)])
def test_any_size_is_near_to_pillow(size):
    image = smooth(*size)
    for quality in (20, 75, 95):
        assert levels(batched_jpeg(image, [quality])[0], jpeg(image[0], quality)) < 1
        assert levels(batched_jpeg(image, [quality]), image) > 0.3


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 40), (40, 6)])
def test_flat_images_of_any_size_are_pillows(size):
    for color in torch.randint(256, (20, 3, 1, 1), dtype=torch.uint8, generator=GENERATOR):
        image = from_uint8(color).expand(3, *size)
        for quality in (7, 50, 90):
            ours = batched_jpeg(image[None], [quality])[0]
            assert torch.equal(to_uint8(ours), to_uint8(jpeg(image, quality)))


def test_the_last_row_and_column_are_repeated():
    """What lies beyond the border does not darken the last pixels."""
    white = torch.ones(1, 3, 21, 13)
    assert torch.equal(batched_jpeg(white, [30]), white)
    edge = smooth(37, 45)
    ours, theirs = batched_jpeg(edge, [75])[0], jpeg(edge[0], 75)
    assert levels(ours[:, -1], theirs[:, -1]) < 1
    assert levels(ours[..., -1], theirs[..., -1]) < 1


@pytest.mark.parametrize("size", [(16, 18), (18, 16), (21, 30)])
def test_chroma_beyond_the_border_is_not_interpolated(size):
    """The last two columns and rows share a chroma sample, which what fills the last block does not."""
    image = torch.zeros(3, *size)
    image[0, :, -1] = image[2, -1] = 1.0
    ours, theirs = batched_jpeg(image[None], [95])[0], jpeg(image, 95)
    assert levels(ours[..., -2:], theirs[..., -2:]) < 1
    assert levels(ours[:, -2:], theirs[:, -2:]) < 1


def test_each_image_has_its_own_quality():
    images = smooth(40, 48).expand(3, -1, -1, -1)
    result = batched_jpeg(images, [10, 50, 90])
    for compressed, quality in zip(result, (10, 50, 90), strict=True):
        assert torch.equal(compressed, batched_jpeg(images[:1], [quality])[0])
    errors = [levels(compressed, images[0]) for compressed in result]
    assert errors == sorted(errors, reverse=True)


def test_chroma_loses_half_of_the_resolution():
    stripes = torch.tensor([[1.0, -1.0]]).repeat(16, 8)  # of one pixel each
    gray, colored = stripes.expand(1, 3, -1, -1), torch.stack([stripes, 0 * stripes, 0 * stripes])[None]
    assert levels(batched_jpeg(gray, [95]), gray) < 2
    result = batched_jpeg(colored, [95])
    redness = result[:, 0] - result[:, 1]
    assert redness.std() < 0.2 * (colored[:, 0] - colored[:, 1]).std()


def test_the_result_has_8_bit_levels_in_range_and_no_gradient():
    images = (4 * smooth(24, 24, 2)).requires_grad_()  # beyond the range
    result = batched_jpeg(images, [40, 60])
    assert result.dtype == torch.float32
    assert not result.requires_grad
    assert torch.allclose(from_uint8(to_uint8(result)), result, atol=1e-6)
    assert torch.equal(result, batched_jpeg(images.clamp(-1, 1), [40, 60]))
    assert torch.equal(result, batched_jpeg(from_uint8(to_uint8(images.clamp(-1, 1))), [40, 60]))


def test_autocast_changes_nothing():
    images = smooth(32, 32)
    expected = batched_jpeg(images, [80])
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(batched_jpeg(images, [80]), expected)


def test_mistakes():
    images = smooth(16, 16, 2)
    with pytest.raises(ValueError, match="one of qualities for each of 2 images; got 1"):
        batched_jpeg(images, [50])
    with pytest.raises(ValueError, match="JPEG quality from 1 to 95; got 0"):
        batched_jpeg(images, [50, 0])
    with pytest.raises(ValueError, match=r"expects \(N, 3, H, W\) of floating point .* got \(3, 16, 16\)"):
        batched_jpeg(images[0], [50])
    with pytest.raises(ValueError, match=r"got \(2, 3, 16, 16\) torch.uint8"):
        batched_jpeg(to_uint8(images), [50, 50])
