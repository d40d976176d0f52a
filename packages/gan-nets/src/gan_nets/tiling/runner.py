"""A network for pictures of any size: whole where that fits into memory, else tile by tile."""

import math
import warnings
from functools import cached_property
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from gan_nets.tiling.memory import bytes_per_pixel, free_bytes
from gan_nets.tiling.padding import least_size
from gan_nets.tiling.receptive_field import receptive_radius
from gan_nets.tiling.statistics import made_local
from gan_nets.tiling.tiles import tiled

Statistics = Literal["picture", "tile"]

LEAST = 64  # side of a tile
SHARE = 0.5  # of the free memory for what a forward pass holds; convolutions take more to work in
HEAVY = 10_000  # bytes a pixel of an SRResNet: where even it would fit, nothing is measured


class _Reach(NamedTuple):
    """How far a network looks: pixels (None for all of them), and whether statistics look farther."""

    radius: int | None
    has_statistics: bool


class Runner:
    """Runs a network on pictures (1, C, H, W) in its own range, of any size, without gradients.

    What it has to find out about the network it finds out once, and only if a picture asks for tiles.

    Args:
        net: from picture to picture, in evaluation mode.
        channels: of its input.
        tile: side of the tiles in input pixels; None takes what fits into the free memory.
        statistics: as for `translate`.
    """

    def __init__(
        self, net: nn.Module, channels: int, *, tile: int | None = None, statistics: Statistics = "picture"
    ) -> None:
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
                y = self._run(x.to(like.dtype), tile, whole=tile >= side)
                return y.to(x)
            except torch.OutOfMemoryError:
                tile //= 2
                if tile < max(LEAST, 2 * self._multiple):
                    raise

    def _run(self, x: Tensor, tile: int, *, whole: bool) -> Tensor:
        if whole:
            return tiled(self._net, x, tile=max(tile, least_size(self._net)))
        radius, has_statistics = self._reach
        room = max(tile // self._multiple - 1, 0) * self._multiple
        cut = radius is None or 2 * radius > room
        differs = radius is None or (has_statistics and self._statistics == "tile")
        self._warn(tile, cut=cut, differs=differs)
        overlap = room // 4 if cut or radius is None else radius
        blend = min(room // 8, room - 2 * overlap) if cut or differs else 0
        statistics = "tile" if differs or not has_statistics else "picture"
        return tiled(self._net, x, tile=tile, overlap=overlap, blend=blend, statistics=statistics)

    def _padded(self, side: int) -> int:
        return -(-side // self._multiple) * self._multiple

    def _tile_for(self, x: Tensor, device: torch.device) -> int:
        if self._tile is not None:
            return self._tile
        height, width = (self._padded(side) for side in x.shape[-2:])
        room = SHARE * free_bytes(device)
        if height * width * HEAVY <= room:
            return max(height, width)
        return tile_side((height, width), int(room / self._bytes_per_pixel), self._multiple)

    @cached_property
    def _bytes_per_pixel(self) -> float:
        return bytes_per_pixel(self._net, self._channels)

    @cached_property
    def _reach(self) -> _Reach:
        try:
            return _Reach(receptive_radius(self._net, self._channels), has_statistics=False)
        except ValueError:
            pass
        try:
            with made_local():
                return _Reach(receptive_radius(self._net, self._channels), has_statistics=True)
        except ValueError:
            return _Reach(None, has_statistics=True)

    def _warn(self, tile: int, *, cut: bool, differs: bool) -> None:
        """Say where the result will not be that of the whole picture, or takes long to be, and why."""
        name, radius = type(self._net).__name__, self._reach.radius
        if radius is None:
            told = "looks at the whole picture in more ways than statistics: its tiles differ, and fade into "
            told += "each other; more memory or larger tiles bring them nearer"
        elif differs:
            told = "takes statistics of the whole picture: tiles of it differ, and fade into each other; "
            told += 'statistics="picture" measures them first, and tiles then equal the whole'
        elif cut:
            told = (
                f"looks {radius} pixels far, which tiles of {tile} can't overlap by: they differ, and fade "
            )
            told += f"into each other; tiles of {self._padded(2 * radius) + self._multiple} equal the whole"
        elif self._reach.has_statistics:
            told = "takes statistics of the whole picture, which are measured first, one layer after the "
            told += 'other; statistics="tile" is faster, but tiles then differ'
        else:
            return
        warnings.warn(f"{name} {told}", stacklevel=2)


def tile_side(size: tuple[int, int], pixels: int, multiple: int) -> int:
    """Side of the tiles of a picture of (height, width) if a tile may have so many pixels; one if it fits."""
    height, width = size
    if height * width <= pixels:
        return max(height, width)
    return max(math.isqrt(pixels) // multiple, 2, LEAST // multiple) * multiple
