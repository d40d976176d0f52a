import os
from pathlib import Path

import pytest
import torch
from gan_data import (
    bicubic_downscale,
    bicubic_upscale,
    from_uint8,
    grayscale,
    mosaic,
    read_image,
    resize_bicubic,
    to_uint8,
)
from PIL import Image, ImageFilter

SMOOTH = torch.rand(1, 3, 12, 16, generator=torch.Generator().manual_seed(0))


def random_bytes(*shape):
    return torch.randint(256, shape, generator=torch.Generator().manual_seed(1), dtype=torch.uint8)


def to_picture(image):
    """(3, H, W) or (1, H, W) uint8 as a Pillow picture."""
    mode = "RGB" if image.shape[0] == 3 else "L"
    return Image.frombytes(
        mode, (image.shape[2], image.shape[1]), bytes(image.permute(1, 2, 0).flatten().tolist())
    )


def from_picture(picture):
    pixels = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    return pixels.view(picture.height, picture.width, -1).permute(2, 0, 1).int()


class TestGrayscale:
    def test_weights(self):
        primaries = torch.eye(3).view(3, 3, 1, 1) * 2 - 1  # red, green, blue
        assert torch.allclose((grayscale(primaries).flatten() + 1) / 2, torch.tensor([0.299, 0.587, 0.114]))

    def test_black_and_white_keep_their_values(self):
        assert torch.allclose(
            grayscale(torch.tensor([-1.0, 1.0]).view(2, 1, 1, 1).expand(2, 3, 4, 4))[:, 0, 0, 0],
            torch.tensor([-1.0, 1.0]),
        )

    def test_agrees_with_pillow(self):
        image = random_bytes(3, 9, 7)
        theirs = from_picture(to_picture(image).convert("L"))
        ours = to_uint8(grayscale(from_uint8(image))).int()
        assert (ours - theirs).abs().max() <= 1

    def test_shape(self):
        assert grayscale(torch.zeros(2, 5, 3, 4, 6)).shape == (2, 5, 1, 4, 6)
        with pytest.raises(ValueError, match=r"expects \(\.\.\., 3, H, W\) .* got \(1, 4, 4\)"):
            grayscale(torch.zeros(1, 4, 4))


class TestMosaic:
    @pytest.mark.parametrize("factor", [4, 5, 16])
    def test_hard_tiles_are_pillows(self, factor):
        image = random_bytes(3, 3 * factor, 4 * factor)
        small = to_picture(image).resize((4, 3), Image.Resampling.NEAREST)
        theirs = from_picture(small.resize((4 * factor, 3 * factor), Image.Resampling.NEAREST))
        assert torch.equal(to_uint8(mosaic(from_uint8(image), factor, blur_radius=0)).int(), theirs)

    @pytest.mark.parametrize("radius", [0.7, 2, 4, 5.5])
    def test_the_blur_is_pillows_but_for_its_rounding(self, radius):
        image = random_bytes(1, 64, 96)
        tiles = to_picture(image).resize((6, 4), Image.Resampling.NEAREST)
        tiles = tiles.resize((96, 64), Image.Resampling.NEAREST)
        theirs = from_picture(tiles.filter(ImageFilter.GaussianBlur(radius)))
        ours = (mosaic(from_uint8(image), blur_radius=radius) + 1) * 127.5
        assert (ours - theirs).abs().max() < 2
        assert (ours - theirs).mean().abs() < 0.5

    def test_the_radius_is_the_standard_deviation(self):
        from gan_data._separable import blur_matrix

        response = blur_matrix(101, 4)[:, 50]  # to an impulse in the middle
        offsets = torch.arange(-50, 51)
        assert response.sum() == pytest.approx(1)
        assert (response * offsets**2).sum().sqrt() == pytest.approx(4)

    def test_a_constant_stays(self):
        assert torch.allclose(mosaic(torch.full((2, 3, 32, 48), 0.3)), torch.tensor(0.3))

    def test_mistakes(self):
        with pytest.raises(ValueError, match=r"multiples of factor=16; got 32x40; crop"):
            mosaic(torch.zeros(3, 32, 40))
        with pytest.raises(ValueError, match=r"expects floating point; got torch\.uint8"):
            mosaic(random_bytes(3, 32, 32))


class TestBicubic:
    def test_halving_a_row_worked_out_by_hand(self):
        """Halving widens Keys' kernel to 8 taps: k(d/2)/2 at distances 0.5, 1.5, 2.5, 3.5 from the centre.

        k(0.25) = 111/128, k(0.75) = 29/128, k(1.25) = -9/128, k(1.75) = -3/128. Of the row 0 0 0 128 0 0 0 0
        the four results lie at 0.5, 2.5, 4.5 and 6.5; the 128 at 3 is 2.5, 0.5, 1.5 and 3.5 from them, and
        its mirror image at -4 is 4.5 and more, out of reach.
        """
        row = torch.zeros(1, 1, 8, dtype=torch.float64)
        row[..., 3] = 128
        halved = resize_bicubic(row, (1, 4))
        assert torch.allclose(
            halved.flatten() * 2, torch.tensor([-9.0, 111.0, 29.0, -3.0], dtype=torch.float64)
        )

    def test_the_border_is_mirrored(self):
        """The 128 at 0 is 0.5 from the first result and its mirror image at -1 is 1.5 from it: 111 + 29."""
        row = torch.zeros(1, 1, 8, dtype=torch.float64)
        row[..., 0] = 128
        assert (resize_bicubic(row, (1, 4)) * 2).flatten().tolist() == pytest.approx([140, -12, 0, 0])

    def test_doubling_worked_out_by_hand(self):
        """Results lie a quarter beside the pixels: weights k(0.25), k(0.75), k(1.25), k(1.75)."""
        row = torch.zeros(1, 1, 6, dtype=torch.float64)
        row[..., 2] = 128
        doubled = resize_bicubic(row, (1, 12)).flatten().tolist()
        assert doubled == pytest.approx([0, -3, -9, 29, 111, 111, 29, -9, -3, 0, 0, 0])

    def test_a_straight_slope_stays_straight(self):
        slope = torch.arange(40, dtype=torch.float64).expand(1, 5, 40)
        smaller = resize_bicubic(slope, (5, 10))[0, 0]
        assert torch.allclose(smaller[2:-2], 4 * torch.arange(10, dtype=torch.float64)[2:-2] + 1.5)

    @pytest.mark.parametrize("size", [(30, 44), (7, 9), (61, 50), (13, 80)])
    def test_agrees_with_pillow_away_from_the_border(self, size):
        image = random_bytes(3, 40, 64) // 2 + 64  # so that nothing is clipped between the passes
        theirs = from_picture(to_picture(image).resize(size[::-1], Image.Resampling.BICUBIC))
        difference = (resize_bicubic(image, size).int() - theirs).abs()
        top, left = (-(-3 * max(new, old) // old) for new, old in zip(size, (40, 64), strict=True))
        assert difference[:, top:-top, left:-left].max() <= 1

    @pytest.mark.parametrize("length", [1, 2, 3])
    def test_pictures_smaller_than_the_kernel(self, length):
        image = torch.full((1, length, length), 0.5)
        for new in (1, 2, 5, 16):
            assert torch.allclose(resize_bicubic(image, (new, new)), torch.tensor(0.5))

    def test_bytes_are_rounded_after_each_pass(self):
        image = random_bytes(3, 24, 36)
        rows = resize_bicubic(image.double(), (6, 36)).add(0.5).floor().clamp(0, 255)
        both = resize_bicubic(rows, (6, 9)).add(0.5).floor().clamp(0, 255)
        assert torch.equal(bicubic_downscale(image, 4), both.to(torch.uint8))

    def test_up_and_down_sizes(self):
        assert bicubic_downscale(torch.zeros(2, 3, 12, 20), 4).shape == (2, 3, 3, 5)
        assert bicubic_upscale(torch.zeros(3, 3, 5), 4).shape == (3, 12, 20)

    def test_autocast_does_not_coarsen_it(self):
        image = SMOOTH
        expected = bicubic_downscale(image, 4)
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(bicubic_downscale(image, 4), expected)
        assert bicubic_downscale(image.bfloat16(), 4).dtype == torch.bfloat16

    def test_differentiable(self):
        image = SMOOTH[..., :8, :8].double().requires_grad_()
        assert torch.autograd.gradcheck(lambda x: bicubic_downscale(x, 4), image)
        assert torch.autograd.gradcheck(lambda x: mosaic(x, 4, 1.5), image)

    def test_mistakes(self):
        with pytest.raises(ValueError, match=r"multiples of factor=4; got 12x18; crop"):
            bicubic_downscale(torch.zeros(3, 12, 18), 4)
        with pytest.raises(ValueError, match="at least 1x1; got 0x3"):
            resize_bicubic(torch.zeros(3, 4, 4), (0, 3))


def standard_set(name):
    """Pairs (HR, LR), uint8, one channel for a grey file; Set5 and Set14 are not in this repository."""
    beside = Path(__file__).resolve().parent / "../../../../shared/data"
    folder = Path(os.environ.get("GAN_DATA_DIR", beside)) / "sr" / name
    if not folder.is_dir():
        pytest.skip(
            f"{name} not found: set GAN_DATA_DIR to a folder that holds sr/{name}/HR and sr/{name}/LRx4"
        )

    def load(path):
        with Image.open(path) as picture:
            channels = 1 if picture.mode == "L" else 3
        return to_uint8(read_image(path))[:channels]

    return [(load(path), load(folder / "LRx4" / path.name)) for path in sorted((folder / "HR").iterdir())]


def luma(image):
    """BT.601 on 16..235, rounded, as the field measures; a grey picture as it is."""
    image = image.double()
    if image.shape[0] == 1:
        return image[0]
    red, green, blue = image
    return (16 + (65.481 * red + 128.553 * green + 24.966 * blue) / 255).add(0.5).floor()


@pytest.mark.parametrize(("name", "published"), [("Set5", 28.42), ("Set14", 25.99)])
def test_the_published_figures_of_bicubic_upscaling(name, published):
    figures = []
    for high, low in standard_set(name):
        error = (luma(bicubic_upscale(low, 4)) - luma(high))[4:-4, 4:-4]
        figures.append(10 * torch.log10(255**2 / error.square().mean()))
    assert torch.stack(figures).mean() == pytest.approx(published, abs=0.005)


@pytest.mark.parametrize("name", ["Set5", "Set14"])
def test_the_low_resolution_files_are_reproduced(name):
    """But for the rounding of three values in two hundred, by whoever made the files."""
    pairs = standard_set(name)
    differences = [(bicubic_downscale(high, 4).int() - low.int()).abs().double() for high, low in pairs]
    assert torch.stack([(difference == 0).double().mean() for difference in differences]).mean() > 0.98
    assert torch.stack([difference.mean() for difference in differences]).mean() < 0.03
    assert max(difference.max() for difference in differences) <= 10
