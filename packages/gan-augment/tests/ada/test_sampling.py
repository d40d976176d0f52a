import math

import pytest
import torch
from gan_augment import ADA, ADAStrengths
from torch.testing import assert_close


def test_gains_keep_the_expected_power():
    gains = ADA("filter", p=1.0).sample(torch.empty(500, 3, 8, 8)).gains
    power = (torch.tensor([10.0, 1, 1, 1]) / 13 * gains.square()).sum(1)
    # Each of the four steps keeps the power of an image that none of the others has changed.
    assert gains.std(0).min() > 0.1
    assert power.log().mean().abs() < 0.3
    one = ADA("filter", p=0.0).sample(torch.empty(5, 3, 8, 8)).gains
    assert_close(one, torch.ones(5, 4))


def test_parameters_have_the_papers_distributions(seeded):
    parameters = ADA("bgcfnc", p=1.0).sample(torch.empty(4000, 3, 4, 4), generator=seeded())
    geometry, color = parameters.geometry, parameters.color
    near = 0.05
    assert geometry.x_flip.mean().item() == pytest.approx(0.5, abs=near)
    assert geometry.quarter_turns.unique().tolist() == [0, 1, 2, 3]
    assert geometry.integer_translation.abs().max().item() == pytest.approx(0.125, rel=near)
    assert geometry.fractional_translation.std().item() == pytest.approx(0.125, rel=near)
    for angle in (geometry.rotation_before, geometry.rotation_after, color.hue):
        assert angle.abs().max().item() == pytest.approx(math.pi, rel=near)
        assert angle.std().item() == pytest.approx(math.pi / math.sqrt(3), rel=near)
    for factor, deviation in (
        (geometry.scale, 0.2),
        (geometry.stretch, 0.2),
        (color.contrast, 0.5),
        (color.saturation, 1.0),
    ):
        assert factor.log2().std().item() == pytest.approx(deviation, rel=near)
    assert color.brightness.std().item() == pytest.approx(0.2, rel=near)
    assert color.luma_flip.mean().item() == pytest.approx(0.5, abs=near)
    # A half-normal standard deviation of scale 0.1 gives a total variance of 0.01.
    assert parameters.noise.std().item() == pytest.approx(0.1, rel=2 * near)
    assert parameters.cutout.mean().item() == pytest.approx(0.5, abs=near)


def test_each_transform_is_applied_with_p_times_its_multiplier(seeded):
    ada = ADA("bgc", p=0.5, multipliers={"hue": 0.2, "scale": 0})
    parameters = ada.sample(torch.empty(4000, 3, 4, 4), generator=seeded())
    geometry, color = parameters.geometry, parameters.color
    assert (color.brightness != 0).float().mean().item() == pytest.approx(0.5, abs=0.03)
    assert (color.hue != 0).float().mean().item() == pytest.approx(0.1, abs=0.03)
    assert (geometry.scale == 1).all()
    assert (geometry.x_flip != 0).float().mean().item() == pytest.approx(0.25, abs=0.03)  # half of them are 0
    rotated = (geometry.rotation_before != 0) | (geometry.rotation_after != 0)
    assert rotated.float().mean().item() == pytest.approx(0.5, abs=0.03)  # one or both


def test_a_cutout_that_is_not_applied_changes_nothing_however_large():
    images = torch.ones(8, 1, 4, 4)
    assert_close(ADA("cutout", p=0.0, strengths=ADAStrengths(cutout=9.0))(images), images)
