import numpy as np
import pytest
import torch
from gan_colorspace import gray_to_rgb, is_color


def numpy_mean_correlation(image):
    return np.corrcoef(image.double().numpy().reshape(3, -1)).mean()


@pytest.fixture
def images():
    """Images from gray (first) to vivid (last), by mixing independent noise into each channel."""
    generator = torch.Generator().manual_seed(0)
    shared = torch.rand(1, 24, 17, generator=generator)
    own = torch.rand(3, 24, 17, generator=generator)
    return torch.stack([(1 - mix) * shared + mix * own for mix in torch.linspace(0.01, 0.9, 12)])


@pytest.mark.parametrize("threshold", [0.995, 0.9, 0.7])
def test_agrees_with_numpy(images, threshold):
    expected = [numpy_mean_correlation(image) < threshold for image in images]
    assert 0 < sum(expected) < len(expected)  # both answers occur
    assert is_color(images, threshold).tolist() == expected


def test_threshold_is_on_the_mean_with_the_diagonal(images):
    image = images[3]
    mean = float(numpy_mean_correlation(image))
    assert is_color(image, mean + 1e-9)
    assert not is_color(image, mean - 1e-9)


def test_one_image_gives_one_answer(images):
    answers = [is_color(image) for image in images]
    assert all(answer.shape == () and answer.dtype == torch.bool for answer in answers)
    assert torch.equal(torch.stack(answers), is_color(images))


def test_any_range_and_dtype(images):
    expected = is_color(images)
    assert torch.equal(is_color(images * 2 - 1), expected)
    eight_bit = (images * 255).round().to(torch.uint8)
    assert is_color(eight_bit).tolist() == [numpy_mean_correlation(p) < 0.995 for p in eight_bit]
    assert is_color(images[-1].bfloat16())


def test_gray_and_sepia_are_not_color(images):
    gray = gray_to_rgb(images[-1, :1])
    assert not is_color(gray)
    assert not is_color(gray * torch.tensor([1.0, 0.8, 0.6]).reshape(3, 1, 1))


# 0.1 is not an exact binary fraction: the mean over many pixels is rounded, and the variance is not zero.
@pytest.mark.parametrize("value", [0.0, 0.1, 1.0])
def test_a_constant_channel_is_rejected(images, value):
    image = images[-1].clone()
    image[1] = value
    assert not is_color(image)
    assert not is_color(torch.full((3, 24, 17), value))


def test_a_constant_image_does_not_affect_the_rest_of_the_batch(images):
    batch = torch.stack([torch.zeros_like(images[-1]), images[-1]])
    assert is_color(batch).tolist() == [False, True]


def test_nan_is_rejected(images):
    images[-1, 0, 0, 0] = float("nan")
    assert not is_color(images[-1])


@pytest.mark.parametrize("shape", [(24, 17), (1, 24, 17), (24, 17, 3), (2, 4, 24, 17)])
def test_bad_shape_is_named(shape):
    with pytest.raises(ValueError, match=r"is_color expects shape \(3, H, W\)"):
        is_color(torch.zeros(shape))


def test_its_answers_have_a_name_under_which_they_are_kept():
    assert is_color.kept_as == "gan_colorspace.is_color"
