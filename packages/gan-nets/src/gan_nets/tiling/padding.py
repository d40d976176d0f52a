"""Images of any size through a network that needs multiples: pad by reflection, run, crop."""

from typing import Any, Protocol

import torch
from torch import Tensor, nn

from gan_nets.layers.wrappers import without_wrappers


class SizedNet(Protocol):
    """A network whose output is a whole number s of times as large as its input.

    Height and width must be multiples of `size_multiple`, and at least `least_size` if the network has one.
    """

    @property
    def size_multiple(self) -> int:
        """What height and width must be multiples of."""
        ...

    def __call__(self, x: Tensor, /) -> Tensor:
        """(N, C, H, W) to (N, C', s * H, s * W)."""
        ...


def pad_to_multiple(x: Tensor, multiple: int, *, least: int = 1) -> tuple[Tensor, tuple[int, int]]:
    """Pad images at the bottom and on the right by reflection until both sides are multiples.

    The edge pixel is not repeated. A side shorter than its padding is reflected back and forth; a side of
    one pixel is repeated.

    Args:
        x: (N, C, H, W), not empty.
        multiple: at least 1.
        least: minimum of both sides after padding.

    Returns:
        The padded images (x itself if no padding is needed), and the original (H, W) for `crop_to`.

    Raises:
        ValueError: x is not (N, C, H, W) with H and W at least 1, or multiple is less than 1.

    Examples:
        >>> x, size = pad_to_multiple(torch.zeros(1, 3, 30, 45), 16)
        >>> x.shape, size
        (torch.Size([1, 3, 32, 48]), (30, 45))
    """
    if x.ndim != 4 or 0 in x.shape[-2:]:
        raise ValueError(f"expected images (N, C, H, W) of at least 1x1; got {tuple(x.shape)}")
    if multiple < 1:
        raise ValueError(f"expected a multiple of at least 1; got {multiple}")
    height, width = x.shape[-2:]
    for dim, length in ((-2, height), (-1, width)):
        padded = -(-max(length, least) // multiple) * multiple
        if padded > length:
            x = x.index_select(dim, _reflected(length, padded, x.device))
    return x, (height, width)


def _reflected(length: int, padded: int, device: torch.device) -> Tensor:
    """Indices 0, 1, ..., length - 1, length - 2, ..., 0, 1, ...: `padded` of them."""
    period = max(2 * (length - 1), 1)
    index = torch.arange(padded, device=device) % period
    return torch.where(index < length, index, period - index)


def crop_to(x: Tensor, size: tuple[int, int]) -> Tensor:
    """The upper left (H, W) of x (N, C, H', W'); undoes `pad_to_multiple`.

    Raises:
        ValueError: x is smaller than `size`.

    Examples:
        >>> x = torch.rand(1, 3, 30, 45)
        >>> padded, size = pad_to_multiple(x, 16)
        >>> padded.shape, torch.equal(crop_to(padded, size), x)
        (torch.Size([1, 3, 32, 48]), True)
    """
    height, width = size
    if x.shape[-2] < height or x.shape[-1] < width:
        raise ValueError(f"expected images of at least {height}x{width} to crop; got {tuple(x.shape)}")
    return x[..., :height, :width]


def apply_any_size(net: SizedNet, x: Tensor) -> Tensor:
    """Run a generator on images of any size: x (N, C, H, W) in, (N, C', s * H, s * W) out.

    The scale s is the network's own: 1 for most, 4 for an SRResNet of scale 4.

    Args:
        net: a generator with a `size_multiple`, such as UNetGenerator, and optionally a `least_size`.
        x: images in the network's own range, at least 1x1.

    Raises:
        ValueError: as `pad_to_multiple` does.

    Examples:
        >>> net = UNetGenerator(depth=4, width=4).eval()
        >>> net.size_multiple, apply_any_size(net, torch.zeros(1, 3, 30, 45)).shape
        (16, torch.Size([1, 3, 30, 45]))
    """
    inner: Any = without_wrappers(net) if isinstance(net, nn.Module) else net
    padded, (height, width) = pad_to_multiple(x, inner.size_multiple, least=least_size(inner))
    y = net(padded)
    scale = y.shape[-1] // padded.shape[-1]
    return crop_to(y, (scale * height, scale * width))


def least_size(net: object) -> int:
    """Minimum height and width of the input: the network's `least_size`, or 1 if it has none."""
    return int(getattr(net, "least_size", 1))
