"""Reflection padding that stores nothing for the backward pass and keeps the dtype under autocast.

`F.pad` stores its input although the gradient needs only the size: six maps instead of four for a residual
block. And under autocast on the CPU it turns bfloat16 into float32.
"""

from typing import Any

import torch
from torch import Tensor


class _ReflectionPad(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, pad: int) -> Tensor:  # type: ignore[override]
        ctx.pad = pad
        return torch.ops.aten.reflection_pad2d(x, [pad] * 4)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        pad = ctx.pad
        like_input = grad[..., pad:-pad, pad:-pad]  # its shape and layout are used, its values are not
        return torch.ops.aten.reflection_pad2d_backward(grad, like_input, [pad] * 4), None


def reflect_pad(x: Tensor, pad: int) -> Tensor:
    """(N, C, H, W) to (N, C, H + 2 pad, W + 2 pad), the edge not repeated; H and W at least pad + 1."""
    if pad == 0:
        return x
    with torch.autocast("cpu", enabled=False):
        return _ReflectionPad.apply(x, pad)
