"""A U-Net that grows from its bottleneck outwards, one resolution after the other (Koshian 2019)."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, cast, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.layers.checks import check_images, check_positive
from gan_nets.layers.cpu.matmul import Double, Halve
from gan_nets.layers.norm import Norm, norm_layer
from gan_nets.saving.pretrained import PretrainedModule

Inputs = Literal["all", "finest"]


class Coarsest(nn.Module):
    """The innermost stage: an input, two convolutions, a picture."""

    def __init__(self, in_channels: int, out_channels: int, width: int, *, fed: bool, norm: Norm) -> None:
        super().__init__()
        self.input = _conv(in_channels, width, norm) if fed else None
        self.core = nn.Sequential(_conv(width, width, norm), _conv(width, width, norm))
        self.output = nn.Conv2d(width, out_channels, 3, padding=1)


class Finer(nn.Module):
    """What a finer stage adds: an input, the way down to the coarser ones, the way up, a picture."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        width: int,
        coarser_width: int,
        *,
        fed: bool,
        skip: bool,
        norm: Norm,
    ) -> None:
        super().__init__()
        self.input = _conv(in_channels, width, norm) if fed else None
        self.down = _normed(Halve(width, coarser_width, bias=norm == "none"), coarser_width, norm)
        self.up = _normed(Double(coarser_width, width, bias=norm == "none"), width, norm)
        self.merge = _conv(2 * width if skip else width, width, norm)
        self.output = nn.Conv2d(width, out_channels, 3, padding=1)


class CoarseToFineUNet(PretrainedModule):
    """Picture to picture by stages, each with all that the coarser ones have learned inside it.

    Stage k is a U-Net whose finest resolution is the k-th. Every resolution up to it sees the picture,
    reduced to its own size, and adds it to what comes down from the finer ones; the output has the stage's
    resolution. So the stages can be trained from the coarsest on, each on smaller pictures first, or all at
    once, by training the last. `stages[k - 1]` is what stage k adds, to be frozen or counted; a picture at
    stage k does not touch the later ones.

    Koshian's article of 2019-07-29, after the generator of Wang et al. 2018 (pix2pixHD, section 3.2). The
    article states neither widths nor norm; those here are pix2pix's.

    Input (N, in_channels, H, W) in [-1, 1] at the stage's resolution, height and width multiples of
    2**(stage - 1); output (N, out_channels, H, W) in [-1, 1] (tanh).

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        resolutions: side of the pictures of each stage in pixels, each twice the one before. Only their
            number shapes the network; other sizes, and pictures that are not square, pass through it as well.
        width: channels at the finest resolution; twice as many at each coarser one, up to 8 * width.
        skips: whether the way up sees what the way down has seen at each resolution; without, it is the
            article's auto-encoder.
        inputs: "all" resolutions see the picture, or the "finest" alone: a plain U-Net of equal width, the
            article's control, that has the last stage only.
        norm: which normalisation follows the convolutions.

    Attributes:
        stages: what each stage adds, the coarsest first.
        resolutions: as given.

    Raises:
        ValueError: an argument out of its range; in `forward`, a stage that does not exist or an input of the
            wrong shape.
    """

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        *,
        resolutions: Sequence[int] = (8, 16, 32, 64, 128, 256),
        width: int = 64,
        skips: bool = True,
        inputs: Inputs = "all",
        norm: Norm = "batch",
    ) -> None:
        super().__init__()
        check_positive(in_channels=in_channels, out_channels=out_channels, width=width)
        _check_resolutions(resolutions)
        if inputs not in get_args(Inputs):
            raise ValueError(f'expected inputs "all" or "finest"; got {inputs!r}')
        self.in_channels = in_channels
        self.resolutions = tuple(resolutions)
        self.skips = skips
        self.finest_only = inputs == "finest"
        last = len(resolutions) - 1
        self.size_multiple = 2**last
        widths = [width * min(2 ** (last - index), 8) for index in range(last + 1)]
        channels = in_channels, out_channels
        self.stages = nn.ModuleList(
            [Coarsest(*channels, widths[0], fed=last == 0 or not self.finest_only, norm=norm)]
        )
        for index, (coarser, own) in enumerate(pairwise(widths), start=1):
            fed = index == last or not self.finest_only
            self.stages.append(Finer(*channels, own, coarser, fed=fed, skip=skips, norm=norm))

    def forward(self, x: Tensor, stage: int | None = None) -> Tensor:
        """(N, in_channels, H, W) at the resolution of `stage`, from 1; the last if not given.

        Returns:
            (N, out_channels, H, W) in [-1, 1].
        """
        count = self._check(x, stage)
        coarsest, finer = cast("Coarsest", self.stages[0]), cast("list[Finer]", list(self.stages)[1:count])
        skips: list[Tensor] = []
        coming: Tensor | None = None  # from the finer resolutions
        for own in reversed(finer):
            skips.append(_seen(own.input, x, coming))
            coming = own.down(skips[-1])
            x = F.avg_pool2d(x, 2)
        y = coarsest.core(_seen(coarsest.input, x, coming))
        for own in finer:
            up, skip = own.up(y), skips.pop()
            y = own.merge(torch.cat([skip, up], dim=1) if self.skips else up)
        return torch.tanh((finer[-1] if finer else coarsest).output(y))

    def _check(self, x: Tensor, stage: int | None) -> int:
        """The number of stages that the picture passes through."""
        check_images(x, self.in_channels, network="CoarseToFineUNet")
        count = len(self.stages)
        number = count if stage is None else stage
        if not 1 <= number <= count or (self.finest_only and number != count):
            expected = f"{count}, as the others have no input" if self.finest_only else f"1 to {count}"
            raise ValueError(f"CoarseToFineUNet expected stage {expected}; got {number}")
        height, width = x.shape[-2:]
        multiple = 2 ** (number - 1)
        if height == 0 or width == 0 or height % multiple or width % multiple:
            raise ValueError(
                f"CoarseToFineUNet expected height and width to be multiples of {multiple} at stage "
                f"{number}; got {height}x{width}; gan_nets.apply_any_size(net, x) pads and crops for you"
            )
        return number


def _seen(eye: nn.Module | None, x: Tensor, coming: Tensor | None) -> Tensor:
    """What a resolution sees of the picture `x`, and what comes down to it from the finer ones."""
    if eye is None:  # never at the finest resolution, to which nothing comes down
        return cast("Tensor", coming)
    return eye(x) if coming is None else eye(x) + coming


def _conv(in_channels: int, out_channels: int, norm: Norm) -> nn.Sequential:
    """A 3x3 convolution, norm, ReLU."""
    return _normed(
        nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=norm == "none"), out_channels, norm
    )


def _normed(conv: nn.Module, channels: int, norm: Norm) -> nn.Sequential:
    return nn.Sequential(conv, norm_layer(norm, channels), nn.ReLU(inplace=True))


def _check_resolutions(resolutions: Sequence[int]) -> None:
    doubled = all(fine == 2 * coarse for coarse, fine in pairwise(resolutions))
    if not resolutions or resolutions[0] < 1 or not doubled:
        raise ValueError(f"expected resolutions that double, such as (8, 16, 32); got {tuple(resolutions)}")
