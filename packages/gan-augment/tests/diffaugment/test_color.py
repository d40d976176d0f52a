import pytest
import torch
from gan_augment import adjust_brightness, adjust_color, adjust_contrast, adjust_saturation
from torch.testing import assert_close


@pytest.mark.parametrize(
    "shape", [(5, 1, 6, 7), (5, 3, 6, 7), (5, 4, 6, 7), (3, 3, 600, 500), (0, 3, 4, 4), (2, 0, 4, 4)]
)
def test_the_single_pass_equals_the_three_steps(shape):
    x = (torch.rand(shape, dtype=torch.float64) * 2 - 1).requires_grad_()
    b, s, c = torch.rand(3, len(x), dtype=torch.float64)
    expected = adjust_contrast(adjust_saturation(adjust_brightness(x, b), s), c)
    at_once = adjust_color(x, b, s, c)
    assert_close(at_once, expected, rtol=0, atol=1e-14)
    upstream = torch.randn_like(x)
    gradients = (torch.autograd.grad(out, x, upstream)[0] for out in (at_once, expected))
    assert_close(*gradients, rtol=0, atol=1e-14)


def test_by_hand():
    pixel = torch.tensor([0.0, 0.3, 0.6]).view(1, 3, 1, 1)  # the mean is 0.3
    half = torch.tensor([0.5])
    assert_close(adjust_brightness(pixel, half).flatten(), torch.tensor([0.5, 0.8, 1.1]))  # not clipped
    assert_close(adjust_saturation(pixel, half).flatten(), torch.tensor([0.15, 0.3, 0.45]))
    assert_close(adjust_contrast(pixel, 1 + half).flatten(), torch.tensor([-0.15, 0.3, 0.75]))
