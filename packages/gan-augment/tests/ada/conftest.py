"""Padding and filtering in their plainest form, to compare with."""

import pytest
import torch
import torch.nn.functional as F


@pytest.fixture
def mirrored():
    """Pad by any margin, reflected at the centers of the outermost pixels."""

    def pad(images, margin):
        for axis in (-2, -1):
            size = images.shape[axis]
            period = torch.cat([torch.arange(size), torch.arange(size - 2, 0, -1)])
            images = images.index_select(axis, period[torch.arange(-margin, size + margin) % len(period)])
        return images

    return pad


@pytest.fixture
def convolve():
    """Filter the columns and the rows of every plane."""

    def convolve(images, taps):
        planes = images.flatten(0, 1).unsqueeze(1)
        planes = F.conv2d(F.conv2d(planes, taps.view(1, 1, 1, -1)), taps.view(1, 1, -1, 1))
        return planes.view(*images.shape[:2], *planes.shape[2:])

    return convolve
