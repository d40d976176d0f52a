import math

import pytest
import torch
from gan_metrics import GridStrength, grid_strength


def noise(seed=0, count=16, side=96):
    return 0.1 * torch.randn(count, 1, side, side, generator=torch.Generator().manual_seed(seed))


def tile(period):
    """A pattern that repeats every `period` pixels."""
    return torch.arange(96) % period / period - 0.5


def test_no_grid_has_0_decibels():
    assert grid_strength(noise()).item() == pytest.approx(0, abs=1)


@pytest.mark.parametrize("amplitude", [0.005, 0.02])
def test_a_grid_of_known_power_in_noise(amplitude):
    # cos(pi x) has all its power at half a cycle a pixel: amplitude^2 (sum of the window)^2 there,
    # against 15 frequencies at which noise has its variance times the window's power.
    image = noise(count=64) + amplitude * (torch.arange(96) % 2 * 2 - 1)
    window = torch.hann_window(96, dtype=torch.float64)
    signal = (amplitude / 2) ** 2 * window.sum() ** 4  # the luma is in [0, 1]
    background = 0.05**2 * window.square().sum() ** 2
    expected = 10 * math.log10(1 + (signal / background).item() / 15)
    assert grid_strength(image).item() == pytest.approx(expected, abs=0.5)


def test_grids_of_another_period_have_no_effect():
    image = noise() + 0.04 * tile(3)
    assert grid_strength(image, period=3).item() > 5
    assert abs(grid_strength(image, period=4).item()) < 1


def test_grids_in_rows_columns_and_one_channel():
    down, across = (noise() + 0.05 * x for x in (tile(4)[:, None], tile(4)[None]))
    torch.testing.assert_close(grid_strength(down.mT), grid_strength(down))
    assert grid_strength(across).item() > 5
    red = noise().repeat(1, 3, 1, 1)
    red[:, 0] += 0.2 * tile(4)
    assert grid_strength(red).item() > 5


def test_the_metric_is_the_mean_over_images():
    images = noise(count=5)
    metric = GridStrength()
    for batch in images.split(2):
        metric.update(batch, batch)
    torch.testing.assert_close(metric.compute(), grid_strength(images).float())


@pytest.mark.parametrize("side", [96, 99])
@pytest.mark.parametrize("color", [(1.0, 1.0, 1.0), (0.3, -0.7, 0.11), (-0.9,)])
def test_a_single_color_has_nan(color, side):
    plain = torch.tensor(color)[:, None, None].expand(-1, side, side)
    strengths = grid_strength(torch.stack([plain, plain + noise(count=1, side=side)[0]]), reduction="none")
    assert strengths.isnan().tolist() == [True, False]


@pytest.mark.parametrize(
    ("image", "period", "message"),
    [
        (torch.zeros(1, 3, 79, 96), 4, "expects sides of at least 80 pixels for a period of 4"),
        (torch.zeros(1, 2, 96, 96), 4, r"expects \(N, 3, H, W\) or \(N, 1, H, W\)"),
        (torch.zeros(1, 3, 96, 96), 1, "a period of at least 2"),
    ],
)
def test_bad_input_is_named(image, period, message):
    with pytest.raises(ValueError, match=message):
        grid_strength(image, period=period)
