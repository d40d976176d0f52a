"""Images of any size through a network in bounded memory: tile by tile, without seams."""

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor, nn

from gan_nets.layers.checks import check_positive
from gan_nets.layers.wrappers import without_wrappers
from gan_nets.tiling._memory import probe_of
from gan_nets.tiling._picture_statistics import with_picture_statistics
from gan_nets.tiling._spans import Tile, tiles_of
from gan_nets.tiling._statistics import has_statistics
from gan_nets.tiling.padding import crop_to, least_size, pad_to_multiple
from gan_nets.tiling.receptive_field import radius_between_norms, receptive_radius
from gan_nets.tiling.scope import StatisticsScope


@torch.no_grad()
def tiled(
    net: Callable[[Tensor], Tensor],
    x: Tensor,
    *,
    tile: int = 512,
    overlap: int | None = None,
    blend: int = 0,
    statistics: StatisticsScope = "tile",
) -> Tensor:
    """Run a network on images of any size, tile by tile: x (N, C, H, W) in, (N, C', s * H, s * W) out.

    The network sees squares of at most `tile` pixels. At each side that was cut, `overlap` pixels of the
    result are discarded. With the network's receptive radius, the default, the result equals that of the
    whole image up to rounding: for convolutions of any kind and batch norm in evaluation mode, at the image's
    own borders too.

    Networks that depend on the whole image, such as those with instance norm, give different results tile by
    tile; `blend` makes neighboring tiles fade into each other. With statistics="picture" all tiles are
    computed up to one normalization layer after the other, and get the means and variances of the whole image
    there: the result again equals that of the whole image. What waits at a layer is held in memory, or in
    temporary files if it takes more than a quarter of the free memory; a warning says how much.

    The scale s is the network's own, 4 for an SRResNet of scale 4. Sides that are not multiples of the
    network's `size_multiple` are padded by reflection and cropped, as in `apply_any_size`. No gradients.

    Args:
        net: the network. A module gets its tiles on the device of its parameters.
        x: images in the network's own range, on any device; the result is on the same device.
        tile: side of the squares in input pixels, which bounds the memory. A smaller image is one tile.
        overlap: input pixels beside a cut where a tile's output is wrong; None means
            `receptive_radius(net)`, or with statistics="picture" that of the operations between two
            normalization layers.
        blend: width in input pixels of the band over which neighboring tiles fade into each other; it is
            where both are valid.
        statistics: the scope of instance norm, group norm, and batch norm with the batch's statistics: each
            "tile", or the whole "picture". Of N images, each is normalized on its own.

    Raises:
        ValueError: the tile is too small for the overlap; x is not (N, C, H, W); with overlap=None, the
            network depends on the whole image or is not a module; the output is not a whole number of times
            as large; with statistics="picture", the network computes by other means than torch's functions.
        OSError: the disk has not enough room for temporary files.

    Examples:
        >>> net = torch.nn.Conv2d(3, 3, 3, padding=1)
        >>> x = torch.rand(1, 3, 48, 64)
        >>> torch.allclose(tiled(net, x, tile=32), net(x), atol=1e-5)
        True
    """
    check_positive(tile=tile)
    net = without_wrappers(net) if isinstance(net, nn.Module) else net
    multiple = int(getattr(net, "size_multiple", 1))
    padded, (height, width) = pad_to_multiple(x, multiple, least=least_size(net))
    sides = (padded.shape[-2], padded.shape[-1])
    of_picture = (
        statistics == "picture" and max(sides) > tile and has_statistics(net, probe_of(net, x.shape[1]))
    )
    if of_picture and len(x) > 1:
        parts = [
            tiled(net, one, tile=tile, overlap=overlap, blend=blend, statistics=statistics)
            for one in x.split(1)
        ]
        return torch.cat(parts)
    if overlap is None:
        overlap = _radius(net, x.shape[1], between_norms=of_picture) if max(sides) > tile else 0
    tiles = tiles_of(sides, tile=tile, overlap=overlap, blend=blend, multiple=multiple, smallest=of_picture)
    device = _device(net, x)
    if of_picture:
        results = with_picture_statistics(net, padded, tiles, multiple, device)
    else:
        results = ((each, net(each.crop(padded).to(device))) for each in tiles)
    out = _assembled(results, padded, blend)
    scale = out.shape[-1] // padded.shape[-1]
    return crop_to(out, (scale * height, scale * width))


def _assembled(results: Iterable[tuple[Tile, Tensor]], x: Tensor, blend: int) -> Tensor:
    """The network's results on the tiles of x, weighted and summed, on the device of x."""
    out, scale = torch.empty(0), 1
    for tile, result in results:
        y = result.to(x.device)
        if not out.numel():
            scale = _scale(tile.crop(x), y)
            out = y.new_zeros(*y.shape[:2], *(scale * side for side in x.shape[-2:]))
        weights = torch.outer(tile.row.weights(blend, scale), tile.column.weights(blend, scale)).to(y)
        out[..., tile.row.in_output(scale), tile.column.in_output(scale)].addcmul_(y, weights)
    return out


def _radius(net: Callable[[Tensor], Tensor], channels: int, *, between_norms: bool) -> int:
    if not isinstance(net, nn.Module):
        raise ValueError(
            f"expected a module to measure the receptive radius of; got {type(net).__name__}; give an overlap"
        )
    return (radius_between_norms if between_norms else receptive_radius)(net, channels)


def _device(net: Callable[[Tensor], Tensor], x: Tensor) -> torch.device:
    parameters: Iterator[Tensor] = net.parameters() if isinstance(net, nn.Module) else iter(())
    return next(parameters, x).device


def _scale(part: Tensor, y: Tensor) -> int:
    scale = y.shape[-1] // part.shape[-1]
    if scale < 1 or y.shape[-2:] != (scale * part.shape[-2], scale * part.shape[-1]):
        raise ValueError(
            f"expected an output a whole number of times as large as the input; got {tuple(y.shape)} "
            f"from {tuple(part.shape)}; use a network from images to images"
        )
    return scale
