"""Differentiable augmentation against the same written the plain way, and against kornia's operators.

    python tests/benchmarks/augment.py
    python tests/benchmarks/augment.py --batch-size 8 --rounds 3

Forward and backward on the same images. Plain: one operation after the other, as the papers list them and
their repositories write them, with the same result, which is checked first. kornia: the operators that come
nearest, which is neither the same distribution nor, for ADA, free of aliasing.
"""

from collections.abc import Callable
from typing import Any

import torch
import tyro
from gan_augment import ADA, ADADraws, Augmentation, DiffAugment, DiffAugmentDraws, KorniaAugment
from gan_augment._wavelet import SYM6
from kornia import augmentation as K
from step_timing import DEVICE, Step, compare
from torch import Tensor
from torch.nn import functional as F

COLOR, POLICY, BGC = DiffAugment("color"), DiffAugment(), ADA("bgc", p=1.0)


def main(batch_size: int = 32, size: int = 256, rounds: int = 5) -> None:
    """Time three augmentations in the three forms.

    Args:
        batch_size: images a step; ADA, whose plain form needs 0.3 GB for each, gets a quarter of them.
        size: their side, in pixels.
        rounds: how often each form runs after two steps to warm up.
    """
    torch.manual_seed(0)
    forms = {
        "DiffAugment, color": (COLOR, plain_color, [jiggle()], batch_size),
        "DiffAugment, all": (POLICY, plain_policy, [jiggle(), shift(), erase()], batch_size),
        "ADA, bgc": (BGC, plain_bgc, [K.RandomHorizontalFlip(), turn(), jiggle()], max(1, batch_size // 4)),
    }
    for name, (ours, plain, operators, count) in forms.items():
        images = torch.rand(count, 3, size, size, device=DEVICE) * 2 - 1
        upstream = torch.randn_like(images)
        ours.to(DEVICE)
        steps = {
            "plain": differentiated(drawn(plain, ours), images, upstream),
            "gan-augment": differentiated(ours, images, upstream),
            "kornia": differentiated(KorniaAugment(*operators).to(DEVICE), images, upstream),
        }
        draws = ours.draw(images)
        difference = (ours(images, draws) - plain(images, draws)).abs().max()
        print(f"\n{name}: {size}x{size}, largest difference to the plain form {difference:.1e}")
        compare(steps.__getitem__, list(steps), batch_size=count, rounds=rounds, memory=False)


def drawn(plain: Callable[..., Tensor], ours: Augmentation[Any]) -> Callable[[Tensor], Tensor]:
    """The plain form with our draws."""
    return lambda x: plain(x, ours.draw(x))


def differentiated(augment: Callable[[Tensor], Tensor], images: Tensor, upstream: Tensor) -> Step:
    """A step forward and backward."""
    x = images.clone().requires_grad_()
    return lambda: torch.autograd.grad(augment(x), x, upstream)


# -------------------------------------------------------------------- the plain way


def beside(values: Tensor) -> Tensor:
    """(N, 1, 1, 1), to go with images."""
    return values.view(-1, 1, 1, 1)


def plain_color(x: Tensor, draws: DiffAugmentDraws) -> Tensor:
    """Brightness, saturation, contrast."""
    brightness, saturation, contrast = map(beside, draws.color)
    x = x + brightness
    mean = x.mean(1, keepdim=True)
    x = (x - mean) * saturation + mean
    mean = x.mean((1, 2, 3), keepdim=True)
    return (x - mean) * contrast + mean


def plain_policy(x: Tensor, draws: DiffAugmentDraws) -> Tensor:
    """Colour, then translation by an index of every pixel, then cutout by a mask that is written into."""
    x = plain_color(x, draws)
    count, _, height, width = x.shape
    image, row, column = torch.meshgrid(
        *(torch.arange(length, device=x.device) for length in (count, height, width)), indexing="ij"
    )
    up, left = (shift.view(-1, 1, 1) for shift in draws.translation)
    row, column = (row + up + 1).clamp(0, height + 1), (column + left + 1).clamp(0, width + 1)
    x = F.pad(x, (1, 1, 1, 1)).permute(0, 2, 3, 1)[image, row, column].permute(0, 3, 1, 2)
    image, row, column = torch.meshgrid(
        *(torch.arange(length, device=x.device) for length in (count, height // 2, width // 2)), indexing="ij"
    )
    middle_row, middle_column = (middle.view(-1, 1, 1) for middle in draws.cutout)
    row = (row + middle_row - height // 4).clamp(0, height - 1)
    column = (column + middle_column - width // 4).clamp(0, width - 1)
    mask = torch.ones(count, height, width, device=x.device)
    mask[image, row, column] = 0
    return x * mask.unsqueeze(1)


def plain_bgc(x: Tensor, draws: ADADraws) -> Tensor:
    """Pad, double with zeros between, filter, look up, filter and halve; then the colours."""
    count, channels, height, width = x.shape
    last = torch.eye(3, device=x.device, dtype=x.dtype)[2:].expand(count, 1, 3)
    inverse = torch.linalg.inv(torch.cat([draws.geometry.matrix(height, width), last], 1))[:, :2]
    margin_x, margin_y = margins(inverse, height, width)
    padded = F.pad(x, (margin_x, margin_x, margin_y, margin_y), mode="reflect")
    high, wide = padded.shape[-2:]
    fine = F.pad(padded.view(count, channels, high, 1, wide, 1), (0, 1, 0, 0, 0, 1))
    taps = (SYM6 / SYM6.sum()).to(x)
    fine = convolve(F.pad(fine.view(count, channels, 2 * high, 2 * wide), (6, 5, 6, 5)), 2 * taps.flip(0))
    rows, columns = 2 * height + 10, 2 * width + 10
    x_out = torch.arange(columns, device=x.device, dtype=x.dtype) - 5 - (width - 1)
    y_out = torch.arange(rows, device=x.device, dtype=x.dtype) - 5 - (height - 1)
    x_out, y_out = torch.meshgrid(x_out, y_out, indexing="xy")
    out = torch.stack([x_out, y_out, torch.full_like(x_out, 2.0)])  # an offset of a pixel is two fine rows
    there = (inverse @ out.flatten(1)).view(count, 2, rows, columns).permute(0, 2, 3, 1)
    there = there + there.new_tensor([width - 1 + 2 * margin_x, height - 1 + 2 * margin_y])
    grid = (2 * there + 1) / there.new_tensor([2 * wide, 2 * high]) - 1
    coarse = convolve(F.grid_sample(fine, grid, align_corners=False), taps)[..., ::2, ::2]
    color = draws.color.matrix()
    return (color[..., :3] @ coarse.flatten(2) + color[..., 3:]).view(x.shape)


def margins(inverse: Tensor, height: int, width: int) -> tuple[int, int]:
    """How far beyond the image's sides any image of the batch is looked up, and as far as reflection goes."""
    x, y = (width - 1) / 2 + 3, (height - 1) / 2 + 3
    corners = inverse.new_tensor([[-x, x, x, -x], [-y, -y, y, y], [1, 1, 1, 1]])
    far_x, far_y = (inverse @ corners).abs().amax((0, 2)).tolist()
    needed_x, needed_y = int(far_x - (width - 1) / 2) + 5, int(far_y - (height - 1) / 2) + 5
    return min(max(needed_x, 0), width - 1), min(max(needed_y, 0), height - 1)


def convolve(x: Tensor, taps: Tensor) -> Tensor:
    """Along rows and columns, each channel for itself."""
    channels = x.shape[1]
    x = F.conv2d(x, taps.view(1, 1, 1, -1).expand(channels, -1, -1, -1), groups=channels)
    return F.conv2d(x, taps.view(1, 1, -1, 1).expand(channels, -1, -1, -1), groups=channels)


# -------------------------------------------------------------------- kornia's nearest


def jiggle() -> K.ColorJiggle:
    """Brightness, contrast, saturation and hue."""
    return K.ColorJiggle(0.25, 0.5, 1.0, 0.5, p=1.0)


def shift() -> K.RandomTranslate:
    """An eighth either way."""
    return K.RandomTranslate((-0.125, 0.125), (-0.125, 0.125), p=1.0)


def erase() -> K.RandomErasing:
    """A square of half of the side."""
    return K.RandomErasing((0.25, 0.25), (1.0, 1.0), p=1.0)


def turn() -> K.RandomAffine:
    """One bilinear lookup for all that moves pixels."""
    return K.RandomAffine(180.0, (0.125, 0.125), (0.8, 1.2), p=1.0)


if __name__ == "__main__":
    tyro.cli(main)
