"""A network in half precision, with inputs and output in float32."""

from torch import Tensor, nn

from gan_nets.exporting._exportable import Exportable, LatentsExport
from gan_nets.exporting._simplified import BatchStatisticsNorm, RunningStatisticsNorm
from gan_nets.layers.norm import InstanceNorm

# Squares of their inputs overflow in half precision, and small variances vanish.
NORMS = (
    InstanceNorm,
    RunningStatisticsNorm,
    BatchStatisticsNorm,
    nn.InstanceNorm2d,
    nn.GroupNorm,
    nn.LayerNorm,
)


class HalfPrecision(nn.Module):
    """Weights and computation in half precision, norms in float32; inputs and output are in float32."""

    def __init__(self, net: Exportable) -> None:
        """Wrap `net`, whose weights are replaced."""
        super().__init__()
        _halve_(net)
        if isinstance(net, LatentsExport) and "noise" in net.options:
            net.options["noise"] = [noise.half() for noise in net.options["noise"]]
        self.net = net

    def forward(self, *inputs: Tensor) -> Tensor:
        """The network's inputs, in float32 or integers, to its output in float32."""
        return self.net(*(x.half() if x.is_floating_point() else x for x in inputs)).float()


class NormInFloat32(nn.Module):
    """A norm that computes in float32, whatever it is called with."""

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape and dtype."""
        return self.norm(x.float()).to(x.dtype)


def _halve_(module: nn.Module) -> None:
    for name, child in list(module.named_children()):
        if isinstance(child, NORMS):
            module.register_module(name, NormInFloat32(child))
        else:
            _halve_(child)
    for parameter in module.parameters(recurse=False):
        parameter.data = parameter.data.half()
    for name, buffer in list(module.named_buffers(recurse=False)):
        if buffer.is_floating_point():
            setattr(module, name, buffer.half())
