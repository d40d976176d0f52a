from math import exp

import pytest
import torch
from gan_data import blur, sharpen

GENERATOR = torch.Generator().manual_seed(0)
IMAGES = torch.rand(2, 3, 60, 70, generator=GENERATOR).double() * 2 - 1


def opencv_gaussian(size):
    """The weights of OpenCV's getGaussianKernel(size, 0), by hand."""
    sigma = 0.3 * ((size - 1) * 0.5 - 1) + 0.8
    weights = [exp(-((i - size // 2) ** 2) / (2 * sigma**2)) for i in range(size)]
    weights = torch.tensor(weights, dtype=torch.float64)
    return torch.outer(weights, weights) / weights.sum() ** 2


def test_is_the_unsharp_mask_with_a_soft_border():
    kernels = opencv_gaussian(51).expand(2, -1, -1)
    unit = (IMAGES + 1) / 2
    detail = unit - blur(unit, kernels)
    soft = blur((detail.abs() * 255 > 10).double(), kernels)
    expected = soft * (unit + 0.5 * detail).clamp(0, 1) + (1 - soft) * unit
    assert torch.allclose(sharpen(IMAGES), expected * 2 - 1, atol=1e-6)


def test_the_gaussian_of_51_pixels_has_a_deviation_of_8():
    from gan_data.transforms.sharpen import _gaussian_matrix

    response = _gaussian_matrix(201, 51)[100]
    assert response.count_nonzero() == 51
    assert (response[101] / response[100]).log().item() == pytest.approx(-1 / (2 * 8.0**2))


def test_an_edge_is_sharper_and_flat_regions_stay():
    step = torch.full((1, 1, 8, 200), -0.5)
    step[..., 100:] = 0.5
    result = sharpen(step)
    assert result[..., 100].min() > 0.6
    assert result[..., 99].max() < -0.6
    assert torch.allclose(result[..., :40], torch.tensor(-0.5))
    slight = step * (9 / 127.5)  # a step of 9 levels
    assert torch.allclose(sharpen(slight), slight)
    assert not torch.allclose(sharpen(slight, threshold=2), slight)


def test_the_range_and_single_images_are_kept():
    result = sharpen(IMAGES, weight=5.0)
    assert result.min() >= -1
    assert result.max() <= 1
    assert torch.allclose(sharpen(IMAGES[0]), sharpen(IMAGES)[0])
    assert torch.equal(sharpen(IMAGES, weight=0.0), IMAGES)


def test_mistakes():
    with pytest.raises(ValueError, match=r"radius >= 1, weight >= 0 and threshold >= 0; got 0, 0\.5 and 10"):
        sharpen(IMAGES, radius=0)
    with pytest.raises(
        ValueError, match=r"expects \(\.\.\., C, H, W\) of floating point; got .* torch.uint8"
    ):
        sharpen(IMAGES.byte())
