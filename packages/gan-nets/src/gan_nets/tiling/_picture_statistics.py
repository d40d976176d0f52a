"""Tiles with the normalization statistics of the whole image, at little more than the cost of the image.

All tiles go through the network together: through its operations up to the first normalization, then through
those up to the second, and so on. The tiles' own parts of the layer's input together are the whole map, which
gives the statistics, and from which each tile takes its rectangle again, with a margin. So no operation is
repeated but in the margins, and these are only as wide as the operations between two normalizations reach:
4 pixels instead of 83 for a CycleGAN generator. The maps, and what a skip connection needs later, wait in
memory or in temporary files.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from gan_nets.tiling._memory import free_bytes
from gan_nets.tiling._recording import INPUT, Norm, Segment, record
from gan_nets.tiling._spans import Tile
from gan_nets.tiling._statistics import Sums
from gan_nets.tiling._store import Store, in_mib

SHARE = 0.25  # of the free memory, for what waits


def with_picture_statistics(
    net: Callable[[Tensor], Tensor], x: Tensor, tiles: Sequence[Tile], multiple: int, device: torch.device
) -> Iterator[tuple[Tile, Tensor]]:
    """Each tile of x (1, C, H, W), with the network's result for it as a part of the whole image.

    Args:
        net: from images to images.
        x: the image.
        tiles: which overlap by at least twice the radius of `radius_between_norms`.
        multiple: the network's `size_multiple`.
        device: where it computes.

    Raises:
        RecordingError: its operations can't be recorded.
        OSError: the disk has not enough room for temporary files.
    """
    segments = record(net, _dense(tiles[0].crop(x), device))
    size = _bytes_waiting(segments, x, tiles)
    with Store(size, memory=int(SHARE * free_bytes(torch.device("cpu")))) as store:
        if store.folder is not None:
            needed = f"need {in_mib(size)} of temporary files in {store.folder.parent}"
            message = f"tiles with the statistics of the whole picture {needed}, which are deleted at the end"
            warnings.warn(message, stacklevel=2)
        yield from _in_step(segments, x, tiles, multiple, device, store)


def _bytes_waiting(segments: Sequence[Segment], x: Tensor, tiles: Sequence[Tile]) -> int:
    """The most that waits at once: the map that is read, the one that is written, and tensors of tiles."""
    area, tile_area = (each[0, 0].numel() for each in (x, tiles[0].crop(x)))
    maps, tensors = [0], [0]
    for norm, live in ((segment.norm, segment.live) for segment in segments):
        if norm is not None:
            maps.append(live[norm.input] * area // tile_area)
            tensors.append(sum(live[number] for number in live if number not in norm.last) * len(tiles))
    return max((sum(pair) for pair in pairwise(maps)), default=0) + max(tensors)


def _in_step(
    segments: Sequence[Segment],
    x: Tensor,
    tiles: Sequence[Tile],
    multiple: int,
    device: torch.device,
    store: Store,
) -> Iterator[tuple[Tile, Tensor]]:
    waiting = {tile: {INPUT: tile.crop(x)} for tile in tiles}
    before: _WholeNorm | None = None
    for segment in segments:
        after = None if segment.norm is None else _WholeNorm(segment.norm, tiles, multiple, store)
        for tile in tiles:
            values = {number: tensor.to(device) for number, tensor in waiting.pop(tile).items()}
            if before is None:
                values[INPUT] = _dense(values[INPUT], device)  # the network may change it in place
            else:
                before.apply(values, tile, device)
            for operation in segment.operations:
                operation.run(values, device.type)
            if after is None:
                yield tile, values[segment.output]
            else:
                after.add(values, tile)
                waiting[tile] = store.keep({n: values[n] for n in segment.live if n in values})
        before = after


class _WholeNorm:
    """A normalization over the whole image, whose input is given and whose result is taken by tiles."""

    def __init__(self, norm: Norm, tiles: Sequence[Tile], multiple: int, store: Store) -> None:
        self._norm, self._last_tile, self._multiple, self._store = norm, tiles[-1], multiple, store
        self._sums = Sums()
        self._map: Tensor | None = None
        self._places: dict[Tile, tuple[slice, slice]] = {}

    def add(self, values: dict[int, Tensor], tile: Tile) -> None:
        """Take the input from a tile's tensors."""
        part = values[self._norm.input]
        self._sums.add(tile.own(part), self._norm.layer.groups)
        place, last = (each.place(part, self._multiple) for each in (tile, self._last_tile))
        if place is None or last is None:  # a map with padding, for example, stays in tiles
            return
        if self._map is None:
            self._map = self._store.empty((*part.shape[:2], last[0].stop, last[1].stop), part)
        self._places[tile] = place
        tile.own(self._map[..., *place]).copy_(tile.own(part))
        if self._norm.input in self._norm.last:
            del values[self._norm.input]

    def apply(self, values: dict[int, Tensor], tile: Tile, device: torch.device) -> None:
        """Add the result to a tile's tensors, and remove those that are not needed again."""
        norm, of_map = self._norm, dict(values)
        if self._map is not None:
            of_map[norm.input] = _dense(self._map[..., *self._places[tile]], device)
        layer = norm.resolved(of_map)
        values[norm.result] = layer.normalize(self._sums.moments(layer.x.shape[1]))
        for number in norm.last:
            values.pop(number, None)


def _dense(x: Tensor, device: torch.device) -> Tensor:
    """A copy on the device without gaps in memory."""
    return x.clone() if x.device == device else x.to(device)
