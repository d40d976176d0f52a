import numpy as np
import pytest
import torch
from gan_colorspace import gray_to_rgb, is_color


def numpy_mean_correlation(image):
    return np.corrcoef(image.double().numpy().reshape(3, -1)).mean()


@pytest.fixture
def pictures():
    """Pictures from grey (first) to vivid (last), by mixing noise of its own into each channel."""
    generator = torch.Generator().manual_seed(0)
    shared = torch.rand(1, 24, 17, generator=generator)
    own = torch.rand(3, 24, 17, generator=generator)
    return torch.stack([(1 - mix) * shared + mix * own for mix in torch.linspace(0.01, 0.9, 12)])


@pytest.mark.parametrize("threshold", [0.995, 0.9, 0.7])
def test_agrees_with_numpy(pictures, threshold):
    expected = [numpy_mean_correlation(picture) < threshold for picture in pictures]
    assert 0 < sum(expected) < len(expected)  # both answers occur
    assert is_color(pictures, threshold).tolist() == expected


def test_threshold_is_on_the_mean_with_the_diagonal(pictures):
    picture = pictures[3]
    mean = float(numpy_mean_correlation(picture))
    assert is_color(picture, mean + 1e-9)
    assert not is_color(picture, mean - 1e-9)


def test_one_picture_gives_one_answer(pictures):
    answers = [is_color(picture) for picture in pictures]
    assert all(answer.shape == () and answer.dtype == torch.bool for answer in answers)
    assert torch.equal(torch.stack(answers), is_color(pictures))


def test_any_range_and_dtype(pictures):
    expected = is_color(pictures)
    assert torch.equal(is_color(pictures * 2 - 1), expected)
    eight_bit = (pictures * 255).round().to(torch.uint8)
    assert is_color(eight_bit).tolist() == [numpy_mean_correlation(p) < 0.995 for p in eight_bit]
    assert is_color(pictures[-1].bfloat16())


def test_grey_and_sepia_are_not_colour(pictures):
    gray = gray_to_rgb(pictures[-1, :1])
    assert not is_color(gray)
    assert not is_color(gray * torch.tensor([1.0, 0.8, 0.6]).reshape(3, 1, 1))


# 0.1 is no exact binary fraction: a mean over many pixels, and with it the variance, does not round to zero.
@pytest.mark.parametrize("value", [0.0, 0.1, 1.0])
def test_a_flat_channel_is_rejected(pictures, value):
    picture = pictures[-1].clone()
    picture[1] = value
    assert not is_color(picture)
    assert not is_color(torch.full((3, 24, 17), value))


def test_a_flat_picture_leaves_the_rest_of_the_batch_alone(pictures):
    batch = torch.stack([torch.zeros_like(pictures[-1]), pictures[-1]])
    assert is_color(batch).tolist() == [False, True]


def test_not_a_number_is_rejected(pictures):
    pictures[-1, 0, 0, 0] = float("nan")
    assert not is_color(pictures[-1])


@pytest.mark.parametrize("shape", [(24, 17), (1, 24, 17), (24, 17, 3), (2, 4, 24, 17)])
def test_bad_shape_is_named(shape):
    with pytest.raises(ValueError, match=r"is_color expects shape \(3, H, W\)"):
        is_color(torch.zeros(shape))
