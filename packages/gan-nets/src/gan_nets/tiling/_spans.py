"""How an image is divided into overlapping tiles, and each tile's weight in the result."""

from typing import NamedTuple

import torch
from torch import Tensor


class Span(NamedTuple):
    """A tile along one side of the image, with the edges of its neighbors; in input pixels."""

    start: int
    stop: int
    previous_stop: int | None
    next_start: int | None

    def own(self, side: int) -> slice:
        """The part of a feature map that is counted for this tile only; the map's length is `side`.

        The own parts of all tiles cover each point of the whole feature map once. They end in the middle of
        the overlap of two neighbors, wherever that is at the resolution of the feature map.
        """
        scale = side / (self.stop - self.start)

        def middle(start: int, stop: int) -> int:
            return round((start + stop) / 2 * scale) - round(self.start * scale)

        first = 0 if self.previous_stop is None else middle(self.start, self.previous_stop)
        return slice(first, side if self.next_start is None else middle(self.next_start, self.stop))

    def place(self, side: int, multiple: int) -> slice | None:
        """The tile's place along the feature map of the whole image, if its own map is `side` points long.

        None if that is neither a whole multiple of the tile nor a fraction of it by a divisor of `multiple`,
        the network's: then tiles do not lie on the points of one map.
        """
        length = self.stop - self.start
        whole = self.previous_stop is None and self.next_start is None
        if not whole and not is_scaled(side, length, multiple):
            return None
        return slice(self.start * side // length, self.start * side // length + side)

    def weights(self, blend: int, scale: int) -> Tensor:
        """The tile's weight in each of its output pixels along the side; those of all tiles sum to 1."""
        pixels = torch.arange(scale * self.start, scale * self.stop, dtype=torch.float64) + 0.5

        def ramp(start: int, stop: int) -> Tensor:
            """From 0 to 1 around the middle of an overlap."""
            middle = scale * (start + stop) // 2
            return ((pixels - middle) / max(scale * blend, 1) + 0.5).clamp(0, 1)

        rise = torch.ones_like(pixels) if self.previous_stop is None else ramp(self.start, self.previous_stop)
        return rise if self.next_start is None else rise - ramp(self.next_start, self.stop)

    def in_output(self, scale: int) -> slice:
        """The tile's place along the output."""
        return slice(scale * self.start, scale * self.stop)


class Tile(NamedTuple):
    """A rectangle of the image."""

    row: Span
    column: Span

    def crop(self, x: Tensor) -> Tensor:
        """This tile of images (N, C, H, W)."""
        return x[..., self.row.start : self.row.stop, self.column.start : self.column.stop]

    def own(self, y: Tensor) -> Tensor:
        """The part of this tile's feature map (N, C, h, w) that is counted for this tile only."""
        return y[..., self.row.own(y.shape[-2]), self.column.own(y.shape[-1])]

    def place(self, y: Tensor, multiple: int) -> tuple[slice, slice] | None:
        """The place of this tile's feature map (N, C, h, w) in that of the whole image, as `Span.place`."""
        rows, columns = (span.place(side, multiple) for span, side in zip(self, y.shape[-2:], strict=True))
        return None if rows is None or columns is None else (rows, columns)


def is_scaled(side: int, length: int, multiple: int) -> bool:
    """Whether a map's side is a multiple of the image's, or a fraction of it by a divisor of `multiple`."""
    return side % length == 0 or (length % side == 0 and multiple % (length // side) == 0)


def tiles_of(
    size: tuple[int, int], *, tile: int, overlap: int, blend: int, multiple: int, smallest: bool = False
) -> list[Tile]:
    """Tiles of equal size that cover an image of `size`, multiples of `multiple`, row by row.

    Args:
        size: (height, width) of the image.
        tile: the largest side of a tile.
        overlap: what each of two neighbors has beyond the middle between them, at least.
        blend: how much more than that they overlap.
        multiple: of which all starts and sides are multiples.
        smallest: take the smallest tiles that are as many.

    Raises:
        ValueError: the tile is too small for the overlap and the blend.
    """
    rows, columns = (_spans(side, tile, overlap, blend, multiple, smallest=smallest) for side in size)
    return [Tile(row, column) for row in rows for column in columns]


def _spans(side: int, tile: int, overlap: int, blend: int, multiple: int, *, smallest: bool) -> list[Span]:
    """Tiles of equal size along a side, evenly spaced, starting at multiples."""
    if side <= tile:
        return [Span(0, side, None, None)]
    given, tile = tile, tile // multiple * multiple
    step = (tile - 2 * overlap - blend) // multiple * multiple
    if step < 1:
        least = -(-(2 * overlap + blend) // multiple) * multiple + multiple
        raise ValueError(
            f"expected tiles of at least {least} pixels, for the overlap of {overlap} and the blend of "
            f"{blend}; got {given}; take larger tiles, or accept a smaller overlap"
        )
    steps = -(-(side - tile) // step)
    if smallest:
        spare = (tile + steps * step - side) // multiple  # multiples that steps and tile together have over
        tile -= spare // (steps + 1) * multiple
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
