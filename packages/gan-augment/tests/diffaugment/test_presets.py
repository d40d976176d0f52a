import pytest
import torch
from gan_augment import DiffAugment, adaptive_diffaugment, projected_gan_diffaugment
from torch.testing import assert_close


def test_projected_gan(images, seeded):
    expected = DiffAugment("color,translation,cutout", cutout=0.2)(images, generator=seeded())
    assert_close(projected_gan_diffaugment()(images, generator=seeded()), expected)


def test_adaptive_at_p_0(seeded):
    parameters = adaptive_diffaugment().sample(torch.empty(1000, 3, 16, 16), generator=seeded())
    assert parameters.color[0].abs().max() == 0
    assert parameters.cutout[0].max() < 0
    assert parameters.translation[0].abs().max() == 2
    assert parameters.flip.float().mean().item() == pytest.approx(0.5, abs=0.05)
