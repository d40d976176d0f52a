import numpy as np
import pytest
import torch
from gan_metrics import ChromaCorrelation, chroma_error
from skimage.color import rgb2ycbcr


def chroma(images):
    """(N, 2, H, W) float64: Cr and Cb by scikit-image, which scales them to 224 levels."""
    planes = [rgb2ycbcr(image)[..., [2, 1]] for image in images]
    return np.moveaxis((np.stack(planes) - 128) / 112, -1, 1)


def test_the_error_agrees_with_scikit_image(pair, as_arrays):
    planes = [chroma(as_arrays(images)) for images in pair]
    expected = np.abs(planes[0] - planes[1]).mean((1, 2, 3))
    found = chroma_error(*pair, reduction="none")
    torch.testing.assert_close(found, torch.tensor(expected).float(), atol=2e-5, rtol=0)
    assert chroma_error(*pair).item() == pytest.approx(expected.mean(), abs=2e-5)


def test_the_error_ignores_the_lightness():
    red = torch.tensor([0.5, -0.5, -0.5]).reshape(1, 3, 1, 1).expand(1, 3, 4, 4)
    assert chroma_error(red + 0.3, red).item() == pytest.approx(0, abs=1e-6)
    # Of a gray image: Cr = (0.5 - Y) / 1.402 and Cb = (-0.5 - Y) / 1.772 with Y = 0.299 * 0.5 - 0.701 * 0.5.
    expected = (0.701 / 1.402 + 0.299 / 1.772) / 2
    assert chroma_error(torch.zeros(1, 3, 4, 4), red).item() == pytest.approx(expected, rel=1e-6)


def test_the_correlation_agrees_with_numpy_over_batches(pair, as_arrays):
    correlation = ChromaCorrelation()
    for prediction, target in zip(*(images.split([3, 1]) for images in pair), strict=True):
        correlation.add(prediction, target)
    planes = [chroma(as_arrays(images)) for images in pair]
    expected = [np.corrcoef(planes[0][:, i].ravel(), planes[1][:, i].ravel())[0, 1] for i in (0, 1)]
    assert correlation.compute() == pytest.approx(expected, abs=1e-4)


def test_the_correlation_ignores_the_strength_of_the_colors(pair):
    correlation = ChromaCorrelation()
    correlation.add(pair[1] * 0.1, pair[1])
    assert correlation.compute() == pytest.approx((1, 1), abs=1e-4)
    opposite = ChromaCorrelation()
    opposite.add(-pair[1], pair[1])
    assert opposite.compute() == pytest.approx((-1, -1), abs=1e-4)


@pytest.mark.parametrize("color", [(0.2, 0.2, 0.2), (0.9, -0.6, -0.3)])
def test_one_constant_color_has_no_correlation(pair, color):
    correlation = ChromaCorrelation()
    constant = torch.tensor(color).reshape(1, 3, 1, 1).expand_as(pair[1])
    correlation.add(constant, pair[1])
    assert correlation.compute() == (0.0, 0.0)


def test_bad_images_are_named(pair):
    with pytest.raises(ValueError, match=r"chroma_error expects RGB of shape \(N, 3, H, W\); got \(4, 1,"):
        chroma_error(pair[0][:, :1], pair[1][:, :1])
    with pytest.raises(ValueError, match="ChromaCorrelation expects prediction and target of the same shape"):
        ChromaCorrelation().add(pair[0], pair[1][:2])
    with pytest.raises(RuntimeError, match="no image"):
        ChromaCorrelation().compute()
