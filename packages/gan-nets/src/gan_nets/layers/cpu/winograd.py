"""3x3 convolutions of many channels in fewer multiplications, where the CPU computes in full precision.

Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural Networks", section 4.1: 2x2 results come from
4x4 pixels d and the taps g as A' [(G g G') * (B' d B)] A, with fixed matrices of 0, 1, 1/2 and their
negatives. The product in the middle is elementwise: 16 multiplications instead of 36. Over all channels and
all tiles of 2x2 results these are 16 matrix products; both gradients are computed by the transposed steps.
In float32 the rounding errors are about those of the plain convolution. The cost is memory for the tiles,
four times that of the map, while a convolution runs.

Inside, maps are (N, H, W, C), and what belongs to one column and one row of the tiles is (4, 4, N, h, w, C).
"""

from typing import Any

import torch
from torch import Tensor, nn

# Where the transforms cost less than the products save (torch 2.15, Zen 4, 1 and 2 cores): with many
# channels, many pixels, and not so many at once that the tiles exceed the processor's caches.
_LEAST_CHANNELS, _LEAST_PIXELS, _MOST_PIXELS = 256, 1024, 4096


class WinogradConv2d(nn.Conv2d):
    """A 3x3 convolution with stride 1, without padding: (N, C, H, W) to (N, D, H - 2, W - 2)."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - Conv2d's own name
        """(N, C, H, W) to (N, D, H - 2, W - 2)."""
        if not self._pays(input):
            return super().forward(input)
        parts = input.split(max(1, _MOST_PIXELS // _pixels(input)))
        results = [_Winograd.apply(part, self.weight, self.bias) for part in parts]
        y = results[0] if len(results) == 1 else torch.cat(results)
        return _in_layout_of(input, y)

    def _pays(self, x: Tensor) -> bool:
        if x.device.type != "cpu" or torch.is_autocast_enabled("cpu") or torch.compiler.is_compiling():
            return False
        if x.dtype not in (torch.float32, torch.float64) or min(self.weight.shape[:2]) < _LEAST_CHANNELS:
            return False
        even = x.shape[2] % 2 == x.shape[3] % 2 == 0
        return even and _pixels(x) <= _MOST_PIXELS and len(x) * _pixels(x) >= _LEAST_PIXELS


def _pixels(x: Tensor) -> int:
    """Pixels of one map of the result."""
    return (x.shape[2] - 2) * (x.shape[3] - 2)


class _Winograd(torch.autograd.Function):
    """(N, C, 2h + 2, 2w + 2), (D, C, 3, 3) and (D,) or None to (N, 2h, 2w, D)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        products = torch.bmm(_tiles(x), _taps(weight).mT)  # (16, N*h*w, D)
        y = _merge(_merge(_unflattened(products, x), dim=3), dim=1)
        return y if bias is None else y.add_(bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        (grad,), (x, weight), wanted = gradients, ctx.saved_tensors, ctx.needs_input_grad
        if torch.is_grad_enabled():  # the gradients may be differentiated again, as torch's own can
            rest = ([len(weight)], [1, 1], [0, 0], [1, 1], False, [0, 0], 1)
            return torch.ops.aten.convolution_backward(grad.permute(0, 3, 1, 2), x, weight, *rest, wanted)
        grad_x = grad_weight = None
        products = _flattened(_merge_transposed(_merge_transposed(grad.contiguous(), dim=1), dim=3))
        if wanted[0]:
            tiles = _unflattened(torch.bmm(products, _taps(weight)), x)
            grad_x = _in_layout_of(x, _split_transposed(_split_transposed(tiles, dim=3), dim=1))
        if wanted[1]:  # the tiles are recomputed: stored, they would take four times the memory of x
            grad_weight = _taps_transposed(torch.bmm(products.mT, _tiles(x)), weight)
        return grad_x, grad_weight, grad.sum((0, 1, 2)) if wanted[2] else None


def _tiles(x: Tensor) -> Tensor:
    """B' d B: (N, C, 2h + 2, 2w + 2) -> (16, N*h*w, C)."""
    return _flattened(_split(_split(x.permute(0, 2, 3, 1).contiguous(), dim=1), dim=3))


def _taps(weight: Tensor) -> Tensor:
    """G g G': (D, C, 3, 3) -> (16, D, C)."""
    taps = _matrix(weight) @ weight.permute(3, 2, 0, 1).reshape(9, -1)
    return taps.view(16, *weight.shape[:2])


def _taps_transposed(taps: Tensor, weight: Tensor) -> Tensor:
    """(16, D, C) -> (D, C, 3, 3)."""
    return (_matrix(weight).mT @ taps.flatten(1)).view(3, 3, *weight.shape[:2]).permute(2, 3, 1, 0)


def _matrix(weight: Tensor) -> Tensor:
    """G along columns and rows at once: (16, 9)."""
    g = weight.new_tensor([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
    return torch.kron(g, g)


def _split(x: Tensor, dim: int) -> Tensor:
    """B': overlapping groups of 4 of 2n + 2 pixels, with stride 2, to (4, ..., n, ...)."""
    d = _groups(x, dim)
    split = x.new_empty(4, *d[0].shape)
    torch.sub(d[0], d[2], out=split[0])
    torch.add(d[1], d[2], out=split[1])
    torch.sub(d[2], d[1], out=split[2])
    torch.sub(d[1], d[3], out=split[3])
    return split


def _split_transposed(split: Tensor, dim: int) -> Tensor:
    """B: (4, ..., n, ...) to 2n + 2 pixels: sums over the overlapping groups of 4."""
    x = split.new_zeros(*split.shape[1 : dim + 1], 2 * split.shape[dim + 1] + 2, *split.shape[dim + 2 :])
    d = _groups(x, dim)
    torch.add(split[1], split[2], out=d[2]).sub_(split[0])
    torch.sub(split[1], split[2], out=d[1]).add_(split[3])
    d[0].add_(split[0])
    d[3].sub_(split[3])
    return x


def _groups(x: Tensor, dim: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """First to fourth pixel of each overlapping group of 4 among 2n + 2 pixels: views of n."""
    even, odd = x.unflatten(dim, (-1, 2)).unbind(dim + 1)
    n = even.shape[dim] - 1
    return even.narrow(dim, 0, n), odd.narrow(dim, 0, n), even.narrow(dim, 1, n), odd.narrow(dim, 1, n)


def _merge(products: Tensor, dim: int) -> Tensor:
    """A': (4, ..., n, ...) to 2n results."""
    y = products.new_empty(
        *products.shape[1 : dim + 1], 2 * products.shape[dim + 1], *products.shape[dim + 2 :]
    )
    even, odd = y.unflatten(dim, (-1, 2)).unbind(dim + 1)
    torch.add(products[1], products[2], out=even).add_(products[0])
    torch.sub(products[1], products[2], out=odd).sub_(products[3])
    return y


def _merge_transposed(y: Tensor, dim: int) -> Tensor:
    """A: 2n results to (4, ..., n, ...)."""
    even, odd = y.unflatten(dim, (-1, 2)).unbind(dim + 1)
    return torch.stack([even, even + odd, even - odd, -odd])


def _flattened(x: Tensor) -> Tensor:
    """(4, 4, N, h, w, C) -> (16, N*h*w, C)."""
    return x.flatten(2, 4).flatten(0, 1)


def _unflattened(x: Tensor, like: Tensor) -> Tensor:
    """(16, N*h*w, C) -> (4, 4, N, h, w, C), for the (N, _, 2h + 2, 2w + 2) of `like`."""
    count, _, height, width = like.shape
    return x.view(4, 4, count, height // 2 - 1, width // 2 - 1, -1)


def _in_layout_of(x: Tensor, y: Tensor) -> Tensor:
    """From (N, H, W, C) to (N, C, H, W), channels-last in memory only where x is."""
    y = y.permute(0, 3, 1, 2)
    return y.contiguous() if x.is_contiguous() else y
