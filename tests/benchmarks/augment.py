"""Differentiable augmentation, compared with the same operations one by one and with kornia's operators.

    python tests/benchmarks/augment.py
    python tests/benchmarks/augment.py --batch-size 8 --rounds 3

Forward and backward on the same images. Plain: one operation after the other, as the papers list them and
their repositories implement them; the result is the same, which is checked first. kornia: the closest
operators, which have neither the same distribution nor, for ADA, protection from aliasing.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import cyclopts
import torch
from gan_augment import ADA, ADAParameters, Augmentation, DiffAugment, DiffAugmentParameters, KorniaAugment
from gan_augment.ada._wavelet import SYM6
from step_timing import DEVICE, Step, compare, start_run
from torch import Tensor, nn
from torch.nn import functional as F


def main(batch_size: int = 32, size: int = 256, rounds: int = 5) -> None:
    """Time three augmentations in three implementations.

    Args:
        batch_size: images per step; a quarter of them for ADA, whose plain form needs 0.3 GB per image.
        size: their side, in pixels.
        rounds: timed rounds of each implementation, after two warm-up steps.
    """
    for name in AUGMENTATIONS:
        count = max(1, batch_size // 4) if name.startswith("ADA") else batch_size
        print(f"\n{name}: {size}x{size}")
        step_of = partial(make_step, augmentation=name, batch_size=count, size=size)
        compare(step_of, ["gan-augment", "kornia"], batch_size=count, rounds=rounds)


def make_step(name: str, augmentation: str, batch_size: int, size: int) -> Step:
    """An augmentation of fixed random images, forward and backward."""
    if name == "gan-augment":
        start_run("fp32")  # freed memory is kept, as in a recipe
    torch.manual_seed(0)
    images = torch.rand(batch_size, 3, size, size, device=DEVICE) * 2 - 1
    make_ours, plain = AUGMENTATIONS[augmentation]
    if name == "kornia":
        return differentiated(KorniaAugment(*kornia_operators(augmentation)).to(DEVICE), images)
    ours = make_ours().to(DEVICE)
    if name == "gan-augment":
        return differentiated(ours, images)
    parameters = ours.sample(images)
    difference = (ours(images, parameters) - plain(images, parameters)).abs().max()
    assert difference < 1e-3, f"the plain form of {augmentation} differs by {difference:.1e}"
    return differentiated(sampled(plain, ours), images)


def sampled(plain: Callable[..., Tensor], ours: Augmentation[Any]) -> Callable[[Tensor], Tensor]:
    """The plain form with our sampled parameters."""
    return lambda x: plain(x, ours.sample(x))


def differentiated(augment: Callable[[Tensor], Tensor], images: Tensor) -> Step:
    """A step forward and backward."""
    x, upstream = images.clone().requires_grad_(), torch.randn_like(images)
    return lambda: torch.autograd.grad(augment(x), x, upstream)


# -------------------------------------------------------------------- the plain form


def per_image(values: Tensor) -> Tensor:
    """(N, 1, 1, 1), to broadcast over images."""
    return values.view(-1, 1, 1, 1)


def plain_color(x: Tensor, parameters: DiffAugmentParameters) -> Tensor:
    """Brightness, saturation, contrast."""
    brightness, saturation, contrast = map(per_image, parameters.color)
    x = x + brightness
    mean = x.mean(1, keepdim=True)
    x = (x - mean) * saturation + mean
    mean = x.mean((1, 2, 3), keepdim=True)
    return (x - mean) * contrast + mean


def plain_policy(x: Tensor, parameters: DiffAugmentParameters) -> Tensor:
    """Color, then translation by an index of every pixel, then cutout by a mask written in place."""
    x = plain_color(x, parameters)
    count, _, height, width = x.shape
    image, row, column = torch.meshgrid(
        *(torch.arange(length, device=x.device) for length in (count, height, width)), indexing="ij"
    )
    up, left = (shift.view(-1, 1, 1) for shift in parameters.translation)
    row, column = (row + up + 1).clamp(0, height + 1), (column + left + 1).clamp(0, width + 1)
    x = F.pad(x, (1, 1, 1, 1)).permute(0, 2, 3, 1)[image, row, column].permute(0, 3, 1, 2)
    image, row, column = torch.meshgrid(
        *(torch.arange(length, device=x.device) for length in (count, height // 2, width // 2)), indexing="ij"
    )
    center_row, center_column = (center.view(-1, 1, 1) for center in parameters.cutout)
    row = (row + center_row - height // 4).clamp(0, height - 1)
    column = (column + center_column - width // 4).clamp(0, width - 1)
    mask = torch.ones(count, height, width, device=x.device)
    mask[image, row, column] = 0
    return x * mask.unsqueeze(1)


def plain_bgc(x: Tensor, parameters: ADAParameters) -> Tensor:
    """Pad, insert zeros, filter, sample, filter and subsample; then the colors."""
    count, channels, height, width = x.shape
    last = torch.eye(3, device=x.device, dtype=x.dtype)[2:].expand(count, 1, 3)
    inverse = torch.linalg.inv(torch.cat([parameters.geometry.matrix(height, width), last], 1))[:, :2]
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
    source = (inverse @ out.flatten(1)).view(count, 2, rows, columns).permute(0, 2, 3, 1)
    source = source + source.new_tensor([width - 1 + 2 * margin_x, height - 1 + 2 * margin_y])
    grid = (2 * source + 1) / source.new_tensor([2 * wide, 2 * high]) - 1
    coarse = convolve(F.grid_sample(fine, grid, align_corners=False), taps)[..., ::2, ::2]
    color = parameters.color.matrix()
    return (color[..., :3] @ coarse.flatten(2) + color[..., 3:]).view(x.shape)


def margins(inverse: Tensor, height: int, width: int) -> tuple[int, int]:
    """How far beyond its sides any image of the batch is sampled, limited by what `F.pad` can reflect."""
    x, y = (width - 1) / 2 + 3, (height - 1) / 2 + 3
    corners = inverse.new_tensor([[-x, x, x, -x], [-y, -y, y, y], [1, 1, 1, 1]])
    far_x, far_y = (inverse @ corners).abs().amax((0, 2)).tolist()
    needed_x, needed_y = int(far_x - (width - 1) / 2) + 5, int(far_y - (height - 1) / 2) + 5
    return min(max(needed_x, 0), width - 1), min(max(needed_y, 0), height - 1)


def convolve(x: Tensor, taps: Tensor) -> Tensor:
    """Along rows and columns, each channel separately."""
    channels = x.shape[1]
    x = F.conv2d(x, taps.view(1, 1, 1, -1).expand(channels, -1, -1, -1), groups=channels)
    return F.conv2d(x, taps.view(1, 1, -1, 1).expand(channels, -1, -1, -1), groups=channels)


# -------------------------------------------------------------------- kornia's closest operators


def kornia_operators(augmentation: str) -> list[nn.Module]:
    """kornia's operators that come closest to an augmentation of `AUGMENTATIONS`."""
    from kornia import augmentation as K  # which makes tensors when it is imported: see `start_run`

    jiggle = K.ColorJiggle(0.25, 0.5, 1.0, 0.5, p=1.0)
    if augmentation == "DiffAugment, color":
        return [jiggle]
    if augmentation == "DiffAugment, all":
        shift = K.RandomTranslate((-0.125, 0.125), (-0.125, 0.125), p=1.0)
        return [jiggle, shift, K.RandomErasing((0.25, 0.25), (1.0, 1.0), p=1.0)]
    affine = K.RandomAffine(180.0, (0.125, 0.125), (0.8, 1.2), p=1.0)
    return [K.RandomHorizontalFlip(), affine, jiggle]


# By name: ours, and the plain form.
AUGMENTATIONS: dict[str, tuple[Callable[[], Augmentation[Any]], Callable[..., Tensor]]] = {
    "DiffAugment, color": (lambda: DiffAugment("color"), plain_color),
    "DiffAugment, all": (DiffAugment, plain_policy),
    "ADA, bgc": (lambda: ADA("bgc", p=1.0), plain_bgc),
}


if __name__ == "__main__":
    cyclopts.run(main)
