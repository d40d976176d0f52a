import pytest
import torch
from gan_data import from_uint8, grayscale, jpeg, mosaic, to_uint8
from PIL import Image, ImageFilter


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
        from gan_data.transforms._separable import blur_matrix

        response = blur_matrix(101, 4)[:, 50]  # to an impulse in the middle
        offsets = torch.arange(-50, 51)
        assert response.sum().item() == pytest.approx(1)
        assert (response * offsets**2).sum().sqrt().item() == pytest.approx(4)

    def test_a_constant_stays(self):
        assert torch.allclose(mosaic(torch.full((2, 3, 32, 48), 0.3)), torch.tensor(0.3))

    def test_mistakes(self):
        with pytest.raises(ValueError, match=r"multiples of factor=16; got 32x40; crop"):
            mosaic(torch.zeros(3, 32, 40))
        with pytest.raises(ValueError, match=r"expects floating point; got torch\.uint8"):
            mosaic(random_bytes(3, 32, 32))

    def test_differentiable(self):
        image = torch.rand(1, 1, 8, 8, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(lambda x: mosaic(x, 4, 1.5), image)


class TestJpeg:
    def test_is_pillows(self, tmp_path):
        image = random_bytes(3, 24, 40)
        to_picture(image).save(tmp_path / "x.jpg", quality=30)
        with Image.open(tmp_path / "x.jpg") as picture:
            theirs = from_picture(picture)
        assert torch.equal(to_uint8(jpeg(from_uint8(image), 30)).int(), theirs)

    def test_worse_quality_is_farther_from_the_picture(self):
        image = from_uint8(random_bytes(2, 3, 16, 24))
        errors = [(jpeg(image, quality) - image).square().mean() for quality in (95, 50, 5)]
        assert 0 < errors[0] < errors[1] < errors[2]

    def test_a_batch_is_its_pictures(self):
        batch = from_uint8(random_bytes(2, 2, 3, 16, 8))
        expected = torch.stack([torch.stack([jpeg(image, 60) for image in row]) for row in batch])
        assert torch.equal(jpeg(batch, 60), expected)

    def test_gray_stays_one_channel(self):
        gray = torch.full((1, 16, 16), 0.2)
        assert jpeg(gray, 90).shape == (1, 16, 16)
        assert (jpeg(gray, 90) - gray).abs().max() < 2 / 127.5

    def test_mistakes(self):
        with pytest.raises(ValueError, match="JPEG quality from 1 to 95; got 100"):
            jpeg(torch.zeros(3, 8, 8), 100)
        with pytest.raises(ValueError, match=r"jpeg expects .* got \(2, 8, 8\)"):
            jpeg(torch.zeros(2, 8, 8), 50)
        with pytest.raises(ValueError, match="floating point"):
            jpeg(random_bytes(3, 8, 8), 50)
