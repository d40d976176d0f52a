"""A U-Net that is trained from its bottleneck outwards, one resolution after the other (Koshian 2019)."""

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar, Literal, cast, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.layers.checks import check_images, check_positive, check_size
from gan_nets.layers.cpu.matmul import MatmulConv2d, MatmulConvTranspose2d
from gan_nets.layers.norm import Norm, norm_layer
from gan_nets.saving.pretrained import PretrainedModule

Inputs = Literal["all", "finest"]


class CoarsestStage(nn.Module):
    """The layers at the coarsest resolution: an input layer, two convolutions, an output layer."""

    def __init__(
        self, in_channels: int, out_channels: int, width: int, *, has_input: bool, norm: Norm
    ) -> None:
        super().__init__()
        self.input = _conv(in_channels, width, norm) if has_input else None
        self.core = nn.Sequential(_conv(width, width, norm), _conv(width, width, norm))
        self.output = nn.Conv2d(width, out_channels, 3, padding=1)


class FinerStage(nn.Module):
    """The layers that a finer resolution adds: an input layer, one way down, one way up, an output layer."""

    cpu_kernels: ClassVar = {"down.0": MatmulConv2d, "up.0": MatmulConvTranspose2d}

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        width: int,
        coarser_width: int,
        *,
        has_input: bool,
        skip: bool,
        norm: Norm,
    ) -> None:
        super().__init__()
        bias = norm == "none"
        self.input = _conv(in_channels, width, norm) if has_input else None
        down = nn.Conv2d(width, coarser_width, 4, stride=2, padding=1, bias=bias)
        self.down = _with_norm(down, coarser_width, norm)
        up = nn.ConvTranspose2d(coarser_width, width, 4, stride=2, padding=1, bias=bias)
        self.up = _with_norm(up, width, norm)
        self.merge = _conv(2 * width if skip else width, width, norm)
        self.output = nn.Conv2d(width, out_channels, 3, padding=1)


class CoarseToFineUNet(PretrainedModule):
    """Image to image by stages, each of which contains the coarser ones.

    Stage k is a U-Net whose finest resolution is the k-th. Every resolution up to it has an input layer for
    the image, downsampled to that resolution; its result is added to the features from the finer resolution.
    The output has the stage's resolution. So the stages can be trained from the coarsest on, each on smaller
    images first, or all at once, by training the last. `stages[k - 1]` holds what stage k adds, for freezing
    or counting; stage k does not use the later ones. They can also be trained from the finest inward, as in a
    stacked autoencoder (Bengio et al. 2007): `innermost` leaves the coarser ones out.

    Koshian's article of 2019-07-29, after the generator of Wang et al. 2018 (pix2pixHD, section 3.2). The
    article states neither widths nor norm; those here are pix2pix's.

    Input (N, in_channels, H, W) in [-1, 1] at the stage's resolution, height and width multiples of
    2**(stage - 1); output (N, out_channels, H, W) in [-1, 1] (tanh).

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        resolutions: height and width in pixels of the images of each stage, each twice the one before. Only
            their number shapes the network; it takes other sizes too, square or not.
        width: channels at the finest resolution; twice as many at each coarser one, up to 8 * width.
        skips: whether there is a skip connection at each resolution; without, it is the article's
            autoencoder.
        inputs: whether "all" resolutions have an input layer, or the "finest" alone: a plain U-Net of equal
            width, the article's control, which has the last stage only.
        norm: the normalization after the convolutions.

    Attributes:
        stages: what each stage adds, the coarsest first.
        resolutions: as given.

    Raises:
        ValueError: an argument is out of its range; in `forward`, the stage does not exist or x has the wrong
            shape.

    Examples:
        >>> net = CoarseToFineUNet(1, 3, resolutions=(8, 16, 32), width=4)
        >>> net(torch.zeros(2, 1, 8, 8), stage=1).shape
        torch.Size([2, 3, 8, 8])
        >>> net(torch.zeros(2, 1, 32, 32)).shape  # the last stage
        torch.Size([2, 3, 32, 32])
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
            [CoarsestStage(*channels, widths[0], has_input=last == 0 or not self.finest_only, norm=norm)]
        )
        for index, (coarser, own) in enumerate(pairwise(widths), start=1):
            has_input = index == last or not self.finest_only
            stage = FinerStage(*channels, own, coarser, has_input=has_input, skip=skips, norm=norm)
            self.stages.append(stage)

    def forward(self, x: Tensor, stage: int | None = None, *, innermost: int = 1) -> Tensor:
        """(N, in_channels, H, W) in [-1, 1] to (N, out_channels, H, W) in [-1, 1].

        Args:
            x: images at the resolution of the stage.
            stage: from 1, the coarsest; the last if not given.
            innermost: the coarsest stage that is used, from 1 to `stage`. If it is not the first, the
                features that it has brought down go up again at once.
        """
        count = self._check(x, stage, innermost)
        coarsest = cast("CoarsestStage", self.stages[0])
        finer = cast("list[FinerStage]", list(self.stages)[max(1, innermost - 1) : count])
        skips: list[Tensor] = []
        y: Tensor | None = None  # features from the finer resolution
        for own in reversed(finer):
            skips.append(_add_input(own.input, x, y))  # (N, width, H, W), (N, 2 * width, H/2, W/2), ...
            y = own.down(skips[-1])  # (N, 2 * width, H/2, W/2), ...
            x = F.avg_pool2d(x, 2)  # (N, in_channels, H/2, W/2), ...
        if innermost == 1:
            y = coarsest.core(_add_input(coarsest.input, x, y))  # (N, C, H/2**(count - 1), W/2**(count - 1))
        for own in finer:
            up, skip = own.up(y), skips.pop()  # ..., (N, width, H, W) twice
            y = own.merge(torch.cat([skip, up], dim=1) if self.skips else up)  # ..., (N, width, H, W)
        return torch.tanh((finer[-1] if finer else coarsest).output(y))  # (N, out_channels, H, W)

    def _check(self, x: Tensor, stage: int | None, innermost: int) -> int:
        """The number of stages that the images pass through."""
        check_images(x, self.in_channels, network="CoarseToFineUNet")
        count = len(self.stages)
        number = count if stage is None else stage
        if not 1 <= number <= count or (self.finest_only and number != count):
            expected = f"{count}, as the others have no input" if self.finest_only else f"1 to {count}"
            raise ValueError(f"CoarseToFineUNet expected stage {expected}; got {number}")
        if not 1 <= innermost <= number:
            raise ValueError(f"CoarseToFineUNet expected innermost from 1 to {number}; got {innermost}")
        check_size(x, 2 ** (number - 1), network=f"CoarseToFineUNet at stage {number}")
        return number


def _add_input(layer: nn.Module | None, x: Tensor, features: Tensor | None) -> Tensor:
    """The input layer's features of x, plus those from the finer resolution; at least one of them exists."""
    if layer is None:  # never at the finest resolution
        return cast("Tensor", features)
    return layer(x) if features is None else layer(x) + features


def _conv(in_channels: int, out_channels: int, norm: Norm) -> nn.Sequential:
    """A 3x3 convolution, norm, ReLU."""
    conv = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=norm == "none")
    return _with_norm(conv, out_channels, norm)


def _with_norm(conv: nn.Module, channels: int, norm: Norm) -> nn.Sequential:
    return nn.Sequential(conv, norm_layer(norm, channels), nn.ReLU(inplace=True))


def _check_resolutions(resolutions: Sequence[int]) -> None:
    doubled = all(fine == 2 * coarse for coarse, fine in pairwise(resolutions))
    if not resolutions or resolutions[0] < 1 or not doubled:
        raise ValueError(f"expected resolutions that double, such as (8, 16, 32); got {tuple(resolutions)}")
