"""How a picture is parted into overlapping tiles, and what each of them gives to the whole."""

from typing import NamedTuple

import torch
from torch import Tensor


class Span(NamedTuple):
    """Where a tile lies along one side of the picture, in input pixels, and where its neighbours do."""

    start: int
    stop: int
    previous_stop: int | None
    next_start: int | None

    def owned(self, side: int) -> slice:
        """What belongs to no other tile, in a map that is `side` long where the tile is stop - start.

        All tiles' parts together are the whole map, each of its points once: up to the middle of what two
        neighbours share, wherever that comes to lie in a map of another size.
        """
        scale = side / (self.stop - self.start)

        def middle(start: int, stop: int) -> int:
            return round((start + stop) / 2 * scale) - round(self.start * scale)

        first = 0 if self.previous_stop is None else middle(self.start, self.previous_stop)
        return slice(first, side if self.next_start is None else middle(self.next_start, self.stop))

    def share(self, blend: int, scale: int) -> Tensor:
        """The tile's weight in each of its output pixels along the side; those of all tiles sum to 1."""
        pixels = torch.arange(scale * self.start, scale * self.stop, dtype=torch.float64) + 0.5

        def ramp(start: int, stop: int) -> Tensor:
            """From 0 to 1 about the middle of what two neighbours share."""
            middle = scale * (start + stop) // 2
            return ((pixels - middle) / max(scale * blend, 1) + 0.5).clamp(0, 1)

        rise = torch.ones_like(pixels) if self.previous_stop is None else ramp(self.start, self.previous_stop)
        return rise if self.next_start is None else rise - ramp(self.next_start, self.stop)

    def enlarged(self, scale: int) -> slice:
        """The tile's place in the output."""
        return slice(scale * self.start, scale * self.stop)


class Tile(NamedTuple):
    """A rectangle of the picture."""

    row: Span
    column: Span

    def of(self, x: Tensor) -> Tensor:
        """This part of pictures (N, C, H, W)."""
        return x[..., self.row.start : self.row.stop, self.column.start : self.column.stop]

    def owned(self, y: Tensor) -> Tensor:
        """What belongs to no other tile, of a map (N, C, h, w) that a network made of this one."""
        return y[..., self.row.owned(y.shape[-2]), self.column.owned(y.shape[-1])]


def tiles_of(size: tuple[int, int], *, tile: int, overlap: int, blend: int, multiple: int) -> list[Tile]:
    """Tiles of one size that cover a picture of `size`, multiples of `multiple`, row by row.

    Raises:
        ValueError: the tile is too small for the overlap and the blend.
    """
    rows, columns = (_spans(side, tile, overlap, blend, multiple) for side in size)
    return [Tile(row, column) for row in rows for column in columns]


def _spans(side: int, tile: int, overlap: int, blend: int, multiple: int) -> list[Span]:
    """Tiles of one size along a side, evenly spaced, that start at multiples."""
    if side <= tile:
        return [Span(0, side, None, None)]
    tile = tile // multiple * multiple
    step = (tile - 2 * overlap - blend) // multiple * multiple
    if step < 1:
        raise ValueError(
            f"expected tiles larger than twice the overlap of {overlap} and the blend of {blend} by at least "
            f"{multiple} pixels; got {tile}; take larger tiles, or put up with a smaller overlap"
        )
    steps = -(-(side - tile) // step)
    starts = [i * (side - tile) // steps // multiple * multiple for i in range(steps + 1)]
    return [
        Span(
            start,
            start + tile,
            starts[i - 1] + tile if i > 0 else None,
            starts[i + 1] if i < steps else None,
        )
        for i, start in enumerate(starts)
    ]
