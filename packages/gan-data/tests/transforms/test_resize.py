import os
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from gan_data import (
    bicubic_downscale,
    bicubic_upscale,
    downscale,
    read_image,
    resize_bicubic,
    to_uint8,
)
from PIL import Image

SMOOTH = torch.rand(1, 3, 12, 16, generator=torch.Generator().manual_seed(0))
KERNELS = ["matlab-bicubic", "plain-bicubic", "area", "nearest", "lanczos"]


def random_bytes(*shape):
    return torch.randint(256, shape, generator=torch.Generator().manual_seed(1), dtype=torch.uint8)


def by_pillow(image, size, resampling):
    """(3, H, W) uint8 resized to (3, *size), as int32."""
    pixels = bytes(image.permute(1, 2, 0).flatten().tolist())
    picture = Image.frombytes("RGB", (image.shape[2], image.shape[1]), pixels).resize(size[::-1], resampling)
    return (
        torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
        .view(*size, 3)
        .permute(2, 0, 1)
        .int()
    )


class TestBicubic:
    def test_halving_a_row_worked_out_by_hand(self):
        """Halving widens Keys' kernel to 8 taps: k(d/2)/2 at distances 0.5, 1.5, 2.5, 3.5 from the center.

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
        theirs = by_pillow(image, size, Image.Resampling.BICUBIC)
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

    def test_mistakes(self):
        with pytest.raises(ValueError, match=r"multiples of factor=4; got 12x18; crop"):
            bicubic_downscale(torch.zeros(3, 12, 18), 4)
        with pytest.raises(ValueError, match="at least 1x1; got 0x3"):
            resize_bicubic(torch.zeros(3, 4, 4), (0, 3))


class TestDownscale:
    @pytest.mark.parametrize("factor", [2, 3, 4])
    @pytest.mark.parametrize(
        ("kernel", "resampling"), [("lanczos", "LANCZOS"), ("area", "BOX"), ("nearest", "NEAREST")]
    )
    def test_agrees_with_pillow_up_to_the_border(self, factor, kernel, resampling):
        image = (
            random_bytes(3, 5 * factor, 7 * factor) // 2 + 64
        )  # so that nothing is clipped between the passes
        theirs = by_pillow(image, (5, 7), Image.Resampling[resampling])
        assert (downscale(image, factor, kernel).int() - theirs).abs().max() <= 1

    @pytest.mark.parametrize("factor", [2, 3, 4])
    def test_plain_bicubic_is_that_of_torch_and_opencv(self, factor):
        image = torch.rand(2, 3, 5 * factor, 7 * factor, dtype=torch.float64)
        theirs = F.interpolate(image, scale_factor=1 / factor, mode="bicubic", align_corners=False)
        torch.testing.assert_close(downscale(image, factor, "plain-bicubic"), theirs)

    def test_area_is_the_mean(self):
        torch.testing.assert_close(downscale(SMOOTH, 4, "area"), F.avg_pool2d(SMOOTH, 4))

    def test_only_the_plain_kernels_alias(self):
        """A grid of single pixels is gray from afar; who looks at few pixels sees it or not."""
        grid = (torch.arange(32) % 2).double().expand(1, 32, 32) * 2 - 1
        spread = {kernel: downscale(grid, 4, kernel)[..., 2:-2].mean().abs() for kernel in KERNELS}
        assert max(spread[kernel] for kernel in ("matlab-bicubic", "area", "lanczos")) < 0.02
        assert spread["nearest"] == 1

    @pytest.mark.parametrize("kernel", KERNELS)
    def test_a_constant_stays_and_shapes_are_kept(self, kernel):
        small = downscale(torch.full((2, 5, 3, 12, 8), 0.3), 4, kernel)
        assert small.shape == (2, 5, 3, 3, 2)
        assert torch.allclose(small, torch.tensor(0.3))

    def test_mistakes(self):
        with pytest.raises(
            ValueError, match=r"expected kernel to be one of matlab-bicubic, .*; got 'bicubic'"
        ):
            downscale(SMOOTH, 4, "bicubic")
        with pytest.raises(ValueError, match=r"downscale expects .* multiples of factor=5; got 12x16; crop"):
            downscale(SMOOTH, 5, "nearest")


def standard_set(name):
    """Pairs (HR, LR), uint8, one channel for a gray file; Set5 and Set14 are not in this repository."""
    beside = Path(__file__).resolve().parent / "../../../../../shared/data"
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
    """BT.601 on 16..235, rounded, as the field measures; a gray picture as it is."""
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
    assert torch.stack(figures).mean().item() == pytest.approx(published, abs=0.005)


@pytest.mark.parametrize("name", ["Set5", "Set14"])
def test_the_low_resolution_files_are_reproduced(name):
    """But for the rounding of three values in two hundred, by whoever made the files."""
    pairs = standard_set(name)
    differences = [(downscale(high, 4).int() - low.int()).abs().double() for high, low in pairs]
    assert torch.stack([(difference == 0).double().mean() for difference in differences]).mean() > 0.98
    assert torch.stack([difference.mean() for difference in differences]).mean() < 0.03
    assert max(difference.max() for difference in differences) <= 10
