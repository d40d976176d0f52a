"""Label maps in colors, to be looked at."""

from colorsys import hsv_to_rgb

import torch
from torch import Tensor


def class_colors(classes: int) -> Tensor:
    """(classes, 3) RGB in [-1, 1]: white for the first class, far from each other for the others."""
    colors = [hsv_to_rgb(0.618 * label % 1, 0.6 * (label > 0), 1.0) for label in range(classes)]
    return torch.tensor(colors) * 2 - 1


def painted_labels(labels: Tensor, colors: Tensor) -> Tensor:
    """(N, H, W) to (N, 3, H, W) in [-1, 1]: each class in its color, others in black."""
    palette = torch.cat([colors, colors.new_full((1, 3), -1.0)]).to(labels.device)
    return palette[labels.clamp(max=len(colors))].movedim(-1, 1)
