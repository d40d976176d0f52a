"""Pictures of any size through a network in bounded memory: tile by tile, without seams."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_nets._checks import check_positive
from gan_nets.padding import crop_to, pad_to_multiple
from gan_nets.receptive_field import receptive_radius


class Span(NamedTuple):
    """Where a tile lies along one side of the picture, in input pixels, and where its neighbours do."""

    start: int
    stop: int
    previous_stop: int | None
    next_start: int | None


@torch.no_grad()
def tiled(
    net: Callable[[Tensor], Tensor],
    x: Tensor,
    *,
    tile: int = 512,
    overlap: int | None = None,
    blend: int = 0,
) -> Tensor:
    """Run a network on pictures of any size, tile by tile: x (N, C, H, W) in, (N, C', s * H, s * W) out.

    The network sees squares of at most `tile` pixels, `overlap` of which, at each side that was cut, are
    thrown away afterwards. With as many as the network's receptive radius, which is the default, the result
    is that of the whole picture, up to rounding: for convolutions of any kind and batch norm in evaluation
    mode, at the picture's own borders too. Networks that look at the whole picture, such as those with
    instance norm, give other results tile by tile; with `blend` neighbours fade into each other.

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

    Raises:
        ValueError: the tile is too small for the overlap; x is not (N, C, H, W); with overlap=None, the net
            looks at the whole picture or is no module; the output is not a whole number of times as large.
    """
    check_positive(tile=tile)
    multiple = int(getattr(net, "size_multiple", 1))
    padded, (height, width) = pad_to_multiple(x, multiple)
    if overlap is None:
        overlap = _radius(net, x.shape[1]) if max(padded.shape[-2:]) > tile else 0
    rows, columns = (_spans(side, tile, overlap, blend, multiple) for side in padded.shape[-2:])
    device, out, scale = _device(net, x), torch.empty(0), 1
    for row in rows:
        for column in columns:
            part = padded[..., row.start : row.stop, column.start : column.stop].to(device)
            y = net(part).to(x.device)
            if not out.numel():
                scale = _scale(part, y)
                out = y.new_zeros(*y.shape[:2], *(scale * side for side in padded.shape[-2:]))
            share = torch.outer(_share(row, blend, scale), _share(column, blend, scale)).to(y)
            place = (..., _enlarged(row, scale), _enlarged(column, scale))
            out[place].addcmul_(y, share)
    return crop_to(out, (scale * height, scale * width))


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


def _share(span: Span, blend: int, scale: int) -> Tensor:
    """The tile's weight in each of its output pixels along one side; those of all tiles sum to 1."""
    pixels = torch.arange(scale * span.start, scale * span.stop, dtype=torch.float64) + 0.5

    def ramp(start: int, stop: int) -> Tensor:
        """From 0 to 1 about the middle of what two neighbours share."""
        middle = scale * (start + stop) // 2
        return ((pixels - middle) / max(scale * blend, 1) + 0.5).clamp(0, 1)

    rise = torch.ones_like(pixels) if span.previous_stop is None else ramp(span.start, span.previous_stop)
    return rise if span.next_start is None else rise - ramp(span.next_start, span.stop)


def _enlarged(span: Span, scale: int) -> slice:
    return slice(scale * span.start, scale * span.stop)
