"""A network on opened pictures: its channels, color space and range of values."""

import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.layers.wrappers import without_wrappers
from gan_nets.pictures._views import at_size, mean_of_sizes, mean_of_turns
from gan_nets.pictures.errors import requires
from gan_nets.pictures.size import WorkingSize
from gan_nets.saving.usage import Usage
from gan_nets.tiling.precision import Precision
from gan_nets.tiling.runner import Runner
from gan_nets.tiling.scope import StatisticsScope

OTHER_TASKS = {  # of networks that are not from images to images
    "labels": "generates from label maps, and takes no pictures; call it with the result of gan_data.one_hot",
    "generate": "generates from noise, and takes no pictures; call it with noise",
    "encode": "encodes the objects of an image with their label map; call it with both",
    "discriminate": "gives logits, not images; use a generator",
}
FAR = 2  # times the size of the training images, beyond which a translator is far from what it has learned


class PictureNetwork:
    """Runs a network on the pixels of pictures.

    A gray picture is repeated for a network of three channels, and the luma of the result is taken. Of a
    color picture, a network of one channel gets the luma; the chroma bypasses it. A network that gives three
    channels for one turns a gray picture into a color picture. A colorizer gets the lightness in its own
    color space, which is merged with the chroma that it gives.

    Args:
        net: from images to images.
        tile: as for `translate`.
        statistics: as for `translate`.
        precision: as for `translate`.
        rgb: whether the result has three channels in any case.
        size: as for `translate`.
        ensemble: as for `translate`.
        saturation: as for `translate`.

    Raises:
        ValueError: the network is not from images to images.
    """

    def __init__(
        self,
        net: nn.Module,
        *,
        tile: int | None,
        statistics: StatisticsScope,
        precision: Precision,
        rgb: bool,
        size: WorkingSize,
        ensemble: bool | None,
        saturation: float | None,
    ) -> None:
        net = without_wrappers(net)
        self._net, self._usage, self._rgb = net, getattr(net, "usage", None) or Usage(), rgb
        if self._usage.task in OTHER_TASKS:
            raise ValueError(f"{type(net).__name__} {OTHER_TASKS[self._usage.task]}")
        self.in_channels: int | None = getattr(net, "in_channels", 1 if self.colorizes else None)
        self._tile = tile
        self._statistics: StatisticsScope = statistics
        self._precision: Precision = precision
        self._size = self._usage.trained_size if size == "trained" else size
        self._tells_size = size == "trained"  # nobody has asked for it
        self._ensemble = self._usage.ensemble if ensemble is None else ensemble
        self._saturation = self._usage.saturation if saturation is None else saturation
        self._runners: dict[int, Runner] = {}

    def __call__(self, pixels: Tensor, alpha: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Pixels (N, C, H, W) and alpha (N, K, H, W) in [-1, 1] to those of the result.

        Raises:
            ValueError: the picture's channels can't be made the network's, or the result is not an image.
        """
        with _evaluation(self._net):
            results = [self._run(one) for one in pixels.split(1)]
        y = results[0] if len(results) == 1 else torch.cat(results)
        return y, None if alpha is None else _resized(alpha, y).clamp(-1, 1)

    @property
    def scale(self) -> int:
        """How many times as large the result is, as far as the network says so."""
        scale = getattr(self._net, "scale", 1)
        return scale if isinstance(scale, int) else 1

    @property
    def colorizes(self) -> bool:
        """Whether the network turns gray pictures into color."""
        return self._usage.task == "colorize"

    def _run(self, color: Tensor) -> Tensor:
        """One picture (1, C, H, W)."""
        given, expected = color.shape[1], self.in_channels
        if self.colorizes:
            y = self._colorized(color)
        elif expected in (None, given):
            y = self._image(color)
        elif (given, expected) == (1, 3):
            y = self._image(color.expand(-1, 3, -1, -1))
            y = y if self._rgb or y.shape[1] != 3 else _colorspace().rgb_to_gray(y)
        elif (given, expected) == (3, 1):
            y = self._by_luma(color)
        else:
            raise ValueError(f"expected a picture of {expected} channels, as the network takes; got {given}")
        if y.shape[1] not in (1, 3, given):
            raise ValueError(
                f"expected a network that gives 1 or 3 channels; got {y.shape[1]}; if these are chroma, set "
                f'net.usage = Usage("colorize", color_space="ycrcb")'
            )
        return (y.expand(-1, 3, -1, -1) if self._rgb and y.shape[1] == 1 else y).clamp(-1, 1)

    def _by_luma(self, color: Tensor) -> Tensor:
        spaces = _colorspace()
        luma, chroma = spaces.split(spaces.rgb_to_ycrcb(color))
        y = self._image(luma)
        return spaces.ycrcb_to_rgb(spaces.merge(y, _resized(chroma, y))) if y.shape[1] == 1 else y

    def _image(self, x: Tensor) -> Tensor:
        self._warn_if_far(min(x.shape[-2:]))
        return mean_of_turns(self._forward, x) if self._ensemble else self._forward(x)

    def _warn_if_far(self, shorter: int) -> None:
        trained = self._usage.trained_size
        if trained is None or self._usage.task != "translate":
            return
        if not trained / FAR <= shorter <= FAR * trained:  # the same words for all pictures: said once
            warnings.warn(
                f"the network was trained on images with a shorter side of {trained} pixels; at less than "
                f"1/{FAR} or more than {FAR} times that, things are of other sizes than it has learned; "
                "resize the pictures first",
                stacklevel=2,
            )

    def _colorized(self, color: Tensor) -> Tensor:
        """Color at the working size; its chroma at the picture's size, beside the picture's lightness."""
        spaces = _colorspace()
        if self._usage.color_space == "rgb":
            space, gray = spaces.YCRCB, color if color.shape[1] == 1 else spaces.rgb_to_gray(color)
            lightness, chroma = gray, spaces.split(space.from_rgb(self._colors(gray)))[1]
        else:
            space = {"ycrcb": spaces.YCRCB, "lab": spaces.LAB}[self._usage.color_space]
            lightness, _ = spaces.split(space.from_rgb(color.expand(-1, 3, -1, -1)))
            chroma = self._colors(lightness)[:, -2:]  # some give all three channels
        chroma = (self._saturation * chroma).clamp(-1, 1)
        return space.to_rgb(spaces.merge(lightness, _resized(chroma, lightness)))

    def _colors(self, gray: Tensor) -> Tensor:
        """The network's result at the working size, (1, 2 or 3, h, w)."""
        shorter = min(gray.shape[-2:])
        side = min(self._size, shorter) if isinstance(self._size, int) else shorter
        if side < shorter and self._tells_size:
            warnings.warn(
                f"colors are found at a shorter side of {side} pixels and joined with the picture's "
                'own lightness; the size "picture" finds them at the size of the picture',
                stacklevel=2,
            )
        if self._ensemble:
            return mean_of_sizes(self._forward, gray, side)
        return self._forward(at_size(gray, side))

    def _forward(self, x: Tensor) -> Tensor:
        """The network's result for x in [-1, 1], in [-1, 1], whatever its own range of values."""
        (low, high), channels = self._usage.value_range, x.shape[1]
        half = (high - low) / 2
        if channels not in self._runners:
            self._runners[channels] = Runner(
                self._net,
                channels,
                tile=self._tile,
                statistics=self._statistics,
                precision=self._precision,
            )
        run = self._runners[channels]
        y = run(x) if (low, high) == (-1, 1) else (run((x + 1) * half + low) - low) / half - 1
        if not torch.isfinite(y).all():
            raise ValueError("expected finite numbers; the network's result has NaN or infinity")
        return y.clamp(-1, 1)


def _resized(x: Tensor, like: Tensor) -> Tensor:
    """Channels that bypassed the network, at the size of its result; bicubic."""
    if x.shape[-2:] == like.shape[-2:]:
        return x
    return F.interpolate(x, size=like.shape[-2:], mode="bicubic", align_corners=False)


@contextmanager
def _evaluation(net: nn.Module) -> Generator[None, None, None]:
    """Evaluation mode inside the block; afterwards every module is in its own mode again."""
    training = [module for module in net.modules() if module.training]
    net.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


def _colorspace() -> Any:
    with requires("pictures"):
        import gan_colorspace
    return gan_colorspace
