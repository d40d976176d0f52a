import math

import torch
from gan_augment import ADA, ADAParameters, Color
from torch.testing import assert_close


def test_colors_by_hand():
    pixel = torch.tensor([0.6, 0.0, 0.0]).view(1, 3, 1, 1)  # 0.2 on the luma axis
    neutral = Color.neutral(1)

    def after(**fields):
        values = {name: torch.tensor([value]) for name, value in fields.items()}
        return ADA()(pixel, ADAParameters(color=neutral._replace(**values))).flatten()

    assert_close(after(luma_flip=1.0), torch.tensor([0.2, -0.4, -0.4]))
    assert_close(after(saturation=0.5), torch.tensor([0.4, 0.1, 0.1]))
    assert_close(after(hue=2 * math.pi / 3), torch.tensor([0.0, 0.6, 0.0]), rtol=0, atol=1e-6)  # red to green
    assert_close(after(brightness=0.1, contrast=2.0), torch.tensor([1.4, 0.2, 0.2]))  # in this order
