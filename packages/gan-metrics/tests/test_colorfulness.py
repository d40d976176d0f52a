import math

import numpy as np
import pytest
import torch
from gan_metrics import colorfulness


def test_agrees_with_numpy(pair, as_arrays):
    expected = []
    for image in as_arrays(pair[0]):
        red, green, blue = np.moveaxis(image * 255, -1, 0)
        rg, yb = red - green, 0.5 * (red + green) - blue
        expected.append(np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean()))
    torch.testing.assert_close(
        colorfulness(pair[0], reduction="none"), torch.tensor(expected).float(), atol=1e-4, rtol=0
    )


def test_golden_values():
    gray = torch.linspace(-1, 1, 16).reshape(1, 1, 4, 4).expand(1, 3, 4, 4)
    assert colorfulness(gray).item() == pytest.approx(0, abs=1e-4)
    red = torch.tensor([1.0, -1.0, -1.0]).reshape(1, 3, 1, 1).expand(1, 3, 4, 4)
    # rg = 255 and yb = 127.5 everywhere, so no deviation: 0.3 * 255 * sqrt(1.25).
    assert colorfulness(red).item() == pytest.approx(0.3 * 255 * math.sqrt(1.25), rel=1e-6)
    # Half red, half cyan: rg = +-255, yb = +-127.5, so a mean of 0: 255 * sqrt(1.25).
    assert colorfulness(torch.cat([red, -red], dim=-1)).item() == pytest.approx(
        255 * math.sqrt(1.25), rel=1e-6
    )


def test_values_out_of_range_are_clamped(pair):
    images = pair[0]
    assert torch.equal(colorfulness(images * 3), colorfulness((images * 3).clamp(-1, 1)))


def test_half_precision_is_computed_in_float32(pair):
    half = pair[0].bfloat16()
    assert torch.equal(colorfulness(half), colorfulness(half.float()))


def test_bad_images_are_named(pair):
    with pytest.raises(ValueError, match=r"RGB of shape \(N, 3, H, W\); got \(4, 1, 24, 37\)"):
        colorfulness(pair[0][:, :1])
    with pytest.raises(ValueError, match=r"expects a batch .* got \(3, 24, 37\)"):
        colorfulness(pair[0][0])
