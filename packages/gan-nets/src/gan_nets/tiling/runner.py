"""A network for images of any size: in one piece where the memory allows it, otherwise in tiles."""

import math
import warnings
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from gan_nets.tiling._memory import bytes_per_pixel, free_bytes, probe_of
from gan_nets.tiling._recording import RecordingError
from gan_nets.tiling._statistics import has_statistics, without_statistics
from gan_nets.tiling.padding import least_size
from gan_nets.tiling.precision import Precision, autocast_dtype
from gan_nets.tiling.receptive_field import radius_between_norms, receptive_radius
from gan_nets.tiling.scope import StatisticsScope
from gan_nets.tiling.tiles import tiled

MINIMUM = 64  # side of a tile
SHARE = 0.5  # of the free memory, for the results of a forward pass; convolutions also need a workspace
BYTES_PER_PIXEL = 10_000  # of an SRResNet: an image that fits even at that is not measured


class _ReceptiveField(NamedTuple):
    """The radius in pixels that tiles need, and whether normalization statistics depend on all pixels.

    It is that without these statistics, or between two such normalizations. Without a radius, the output
    depends on the whole image in other ways too.
    """

    radius: int | None
    has_statistics: bool


class Runner:
    """Runs a network on images (1, C, H, W) in its own range, of any size, without gradients.

    Properties of the network are measured once, and only if an image needs tiles.

    Args:
        net: from images to images, in evaluation mode.
        channels: of its input.
        tile: side of the tiles in input pixels; None means the largest that fit into the free memory.
        statistics: as for `translate`.
        precision: as for `translate`.
    """

    def __init__(
        self,
        net: nn.Module,
        channels: int,
        *,
        tile: int | None = None,
        statistics: StatisticsScope = "picture",
        precision: Precision = "auto",
    ) -> None:
        self._precision: Precision = precision
        self._net, self._channels, self._tile, self._statistics = net, channels, tile, statistics
        self._multiple = int(getattr(net, "size_multiple", 1))

    @torch.no_grad()
    def __call__(self, x: Tensor) -> Tensor:
        """(1, C, H, W) to (1, C', s * H, s * W), on the device and in the precision of x."""
        like = next(self._net.parameters(), x)
        side = self._padded(max(x.shape[-2:]))
        tile = min(self._tile_for(x, like.device), side)
        while True:
            try:
                with self._autocast(like.device):
                    y = self._run(self._laid_out(x.to(like.dtype), like.device), tile, whole=tile >= side)
                return y.to(x).contiguous()
            except torch.OutOfMemoryError:
                tile //= 2
                if tile < max(MINIMUM, 2 * self._multiple):
                    raise

    def _run(self, x: Tensor, tile: int, *, whole: bool) -> Tensor:
        if whole:
            return tiled(self._net, x, tile=max(tile, least_size(self._net)))
        radius, has_statistics = self._receptive_field
        room = max(tile // self._multiple - 1, 0) * self._multiple
        cut = radius is None or 2 * radius > room
        differs = radius is None or (has_statistics and self._statistics == "tile")
        self._warn(tile, cut=cut, differs=differs)
        overlap = room // 4 if cut or radius is None else radius
        blend = min(room // 8, room - 2 * overlap) if cut or differs else 0
        statistics = "tile" if differs or not has_statistics else "picture"
        try:
            return tiled(self._net, x, tile=tile, overlap=overlap, blend=blend, statistics=statistics)
        except RecordingError as error:
            warnings.warn(f"{error}; its tiles have their own statistics", stacklevel=2)
            self._statistics = "tile"
            del self._receptive_field
            return self._run(x, tile, whole=False)

    def _autocast(self, device: torch.device) -> AbstractContextManager[Any]:
        dtype = autocast_dtype(self._precision, device.type)
        return nullcontext() if dtype is None else torch.autocast(device.type, dtype)

    def _laid_out(self, x: Tensor, device: torch.device) -> Tensor:
        """The image in the memory layout that is faster there; convolutions and other layers keep it.

        The caller's network stays as it is: on the CPU, its weights are rearranged at each call anyway.
        """
        if device.type != "cpu" or not getattr(self._net, "prefers_channels_last", False):
            return x
        return x.contiguous(memory_format=torch.channels_last)

    def _padded(self, side: int) -> int:
        return -(-side // self._multiple) * self._multiple

    def _tile_for(self, x: Tensor, device: torch.device) -> int:
        if self._tile is not None:
            return self._tile
        height, width = (self._padded(side) for side in x.shape[-2:])
        room = SHARE * free_bytes(device)
        if height * width * BYTES_PER_PIXEL <= room:
            return max(height, width)
        return tile_side((height, width), int(room / self._bytes_per_pixel), self._multiple)

    @cached_property
    def _bytes_per_pixel(self) -> float:
        return bytes_per_pixel(self._net, self._channels)

    @cached_property
    def _receptive_field(self) -> _ReceptiveField:
        normalizes = has_statistics(self._net, probe_of(self._net, self._channels))
        try:
            if normalizes and self._statistics == "picture":
                radius = radius_between_norms(self._net, self._channels)
            else:
                with without_statistics():
                    radius = receptive_radius(self._net, self._channels)
        except ValueError:
            radius = None
        return _ReceptiveField(radius, normalizes)

    def _warn(self, tile: int, *, cut: bool, differs: bool) -> None:
        """Warn where tiles will differ from the whole image, and say why."""
        name, radius = type(self._net).__name__, self._receptive_field.radius
        if radius is None:
            message = (
                "depends on the whole image in more ways than statistics, or on where a pixel is: its tiles "
                "differ, and fade into each other; more memory or larger tiles reduce the difference"
            )
        elif differs:
            message = (
                "normalizes by statistics of the whole image: tiles with their own statistics differ, and "
                'fade into each other; statistics="picture" takes those of the whole image'
            )
        elif cut:
            enough = self._padded(2 * radius) + self._multiple
            message = (
                f"has a receptive radius of {radius} pixels, too large for the overlap of tiles of {tile}: "
                f"they differ, and fade into each other; tiles of {enough} equal the whole image"
            )
        else:
            return
        warnings.warn(f"{name} {message}", stacklevel=2)


def tile_side(size: tuple[int, int], pixels: int, multiple: int) -> int:
    """Side of tiles of at most `pixels` pixels; the longer side of an image of (height, width) that fits."""
    height, width = size
    if height * width <= pixels:
        return max(height, width)
    return max(math.isqrt(pixels) // multiple, 2, MINIMUM // multiple) * multiple
