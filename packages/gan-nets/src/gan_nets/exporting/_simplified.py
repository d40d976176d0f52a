"""A network in operations that torch's exporters support in all versions."""

import copy
from typing import TypeVar, cast

from torch import Tensor, nn
from torch.nn.utils import parametrize

from gan_nets.networks.unet import DownBlock, UpBlock

Module = TypeVar("Module", bound=nn.Module)


def simplified(net: Module) -> Module:
    """A copy that computes the same as `net` in evaluation mode.

    Batch norm is in elementary operations, and a weight with spectral norm, which is constant at inference,
    is a plain parameter.
    """
    net = copy.deepcopy(net)
    for module in list(net.modules()):
        if parametrize.is_parametrized(module, "weight"):
            # Not remove_parametrizations: it changes the class, which a copy shares with its original.
            weight = nn.Parameter(cast("Tensor", module.weight), requires_grad=False)
            module.__class__ = parametrize.type_before_parametrizations(module)
            del module.parametrizations
            module.weight = weight
        of_the_batch = isinstance(module, DownBlock | UpBlock) and module.batch_statistics
        for name, child in list(module.named_children()):
            if isinstance(child, nn.BatchNorm2d):
                norm = BatchStatisticsNorm(child) if of_the_batch else RunningStatisticsNorm(child)
                module.register_module(name, norm)
    return net


class RunningStatisticsNorm(nn.Module):
    """Batch norm with its running statistics; torch 2.6 fails to export its own with today's exporters."""

    scale: Tensor
    shift: Tensor

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        mean, variance = cast("Tensor", norm.running_mean), cast("Tensor", norm.running_var)
        scale = (variance + norm.eps).rsqrt() * (norm.weight if norm.affine else 1)
        shift = (norm.bias if norm.affine else 0) - mean * scale
        self.register_buffer("scale", scale[:, None, None])
        self.register_buffer("shift", shift[:, None, None])

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        return x * self.scale + self.shift


class BatchStatisticsNorm(nn.Module):
    """Batch norm with the statistics of the batch."""

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        self.weight, self.bias, self.eps = norm.weight, norm.bias, norm.eps

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        x = x - x.mean((0, 2, 3), keepdim=True)
        variance = x.square().mean((0, 2, 3), keepdim=True)
        return x * (variance + self.eps).rsqrt() * self.weight[:, None, None] + self.bias[:, None, None]
