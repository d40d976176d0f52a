"""Pictures of any size through a network in bounded memory: tile by tile, without seams."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Literal

import torch
from torch import Tensor, nn

from gan_nets.layers.checks import check_positive
from gan_nets.tiling.padding import crop_to, least_size, pad_to_multiple
from gan_nets.tiling.receptive_field import receptive_radius
from gan_nets.tiling.spans import Tile, tiles_of
from gan_nets.tiling.statistics import made_local, measure, with_statistics


@torch.no_grad()
def tiled(
    net: Callable[[Tensor], Tensor],
    x: Tensor,
    *,
    tile: int = 512,
    overlap: int | None = None,
    blend: int = 0,
    statistics: Literal["tile", "picture"] = "tile",
) -> Tensor:
    """Run a network on pictures of any size, tile by tile: x (N, C, H, W) in, (N, C', s * H, s * W) out.

    The network sees squares of at most `tile` pixels, `overlap` of which, at each side that was cut, are
    thrown away afterwards. With as many as the network's receptive radius, which is the default, the result
    is that of the whole picture, up to rounding: for convolutions of any kind and batch norm in evaluation
    mode, at the picture's own borders too.

    Networks that look at the whole picture, such as those with instance norm, give other results tile by
    tile; with `blend` neighbours fade into each other. With statistics="picture" the means and variances of
    the whole picture are measured first, in the memory of a tile, and then hold in every tile: the result is
    again that of the whole picture. That takes time: each normalising layer asks for one more pass over the
    picture, as far as this layer.

    The scale s is the network's own, 4 for an SRResNet of scale 4. Sides that are no multiples of the net's
    `size_multiple` are padded by reflection and cropped, as in `apply_any_size`. No gradients.

    Args:
        net: the network. A module gets its tiles on the device of its parameters.
        x: pictures in the network's own range, on any device; the result comes back to it.
        tile: side of the squares in input pixels, which bounds the memory. A smaller picture is one tile.
        overlap: input pixels that a tile's output is wrong for beside a cut; None takes
            `receptive_radius(net)`.
        blend: width in input pixels of the band over which neighbouring tiles fade into each other; it lies
            where both are right.
        statistics: of what the layers that look at all pixels take theirs, each "tile" by itself or the
            whole "picture": instance norm, group norm, batch norm with the batch's statistics. With N
            pictures, each is taken by itself.

    Raises:
        ValueError: the tile is too small for the overlap; x is not (N, C, H, W); with overlap=None, the net
            looks at the whole picture or is no module; the output is not a whole number of times as large.
    """
    check_positive(tile=tile)
    multiple = int(getattr(net, "size_multiple", 1))
    padded, (height, width) = pad_to_multiple(x, multiple, least=least_size(net))
    sides = (padded.shape[-2], padded.shape[-1])
    of_picture = statistics == "picture" and max(sides) > tile
    if of_picture and len(x) > 1:
        options = {"tile": tile, "overlap": overlap, "blend": blend}
        return torch.cat([tiled(net, one, statistics=statistics, **options) for one in x.split(1)])
    if overlap is None:
        with made_local() if of_picture else nullcontext():
            overlap = _radius(net, x.shape[1]) if max(sides) > tile else 0
    tiles = tiles_of(sides, tile=tile, overlap=overlap, blend=blend, multiple=multiple)
    device = _device(net, x)
    run = with_statistics(net, measure(net, padded, tiles, device)) if of_picture else net
    out = _joined(run, padded, tiles, blend, device)
    scale = out.shape[-1] // padded.shape[-1]
    return crop_to(out, (scale * height, scale * width))


def _joined(
    net: Callable[[Tensor], Tensor], x: Tensor, tiles: Sequence[Tile], blend: int, device: torch.device
) -> Tensor:
    """What the network makes of the tiles of x, each with its share, where x is."""
    out, scale = torch.empty(0), 1
    for tile in tiles:
        part = tile.of(x).to(device)
        y = net(part).to(x.device)
        if not out.numel():
            scale = _scale(part, y)
            out = y.new_zeros(*y.shape[:2], *(scale * side for side in x.shape[-2:]))
        share = torch.outer(tile.row.share(blend, scale), tile.column.share(blend, scale)).to(y)
        out[..., tile.row.enlarged(scale), tile.column.enlarged(scale)].addcmul_(y, share)
    return out


def _radius(net: Callable[[Tensor], Tensor], channels: int) -> int:
    if not isinstance(net, nn.Module):
        raise ValueError(f"expected a module to measure the overlap of; got {type(net).__name__}; give it")
    return receptive_radius(net, channels)


def _device(net: Callable[[Tensor], Tensor], x: Tensor) -> torch.device:
    parameters: Iterator[Tensor] = net.parameters() if isinstance(net, nn.Module) else iter(())
    return next(parameters, x).device


def _scale(part: Tensor, y: Tensor) -> int:
    scale = y.shape[-1] // part.shape[-1]
    if scale < 1 or y.shape[-2:] != (scale * part.shape[-2], scale * part.shape[-1]):
        raise ValueError(
            f"expected an output a whole number of times as large as the input; got {tuple(y.shape)} "
            f"from {tuple(part.shape)}; tiles are for networks from picture to picture"
        )
    return scale
