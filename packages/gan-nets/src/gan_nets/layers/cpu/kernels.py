"""Swap layers of a network for layers that compute the same faster on the CPU."""

from torch import nn
from torch.nn.utils.parametrize import is_parametrized, type_before_parametrizations


def use_cpu_kernels_(net: nn.Module) -> None:
    """Swap faster kernels into the layers of a network that have one for the CPU, in place.

    A layer changes its class alone: parameters, buffers, the state dict's keys, and optimizers that hold the
    parameters stay as they are. Outputs and gradients differ by rounding. On other devices, and for sizes
    where a kernel would not be faster, a swapped layer computes as torch's does. Calling it again changes
    nothing.

    A module names its layers that have a kernel in the class attribute `cpu_kernels`, a dict from the layer's
    path to the kernel: a direct subclass of the layer's own class. Layers of any other class stay.

    Args:
        net: a network, or a module that contains networks.

    Examples:
        >>> net, x = ResnetGenerator(blocks=1, width=8), torch.rand(1, 3, 32, 32)
        >>> before = net(x)
        >>> use_cpu_kernels_(net)
        >>> torch.allclose(net(x), before, atol=1e-4)
        True
    """
    for module in net.modules():
        for path, kernel in getattr(module, "cpu_kernels", {}).items():
            _swap_(module.get_submodule(path), kernel)


def _swap_(layer: nn.Module, kernel: type[nn.Module]) -> None:
    (plain,) = kernel.__bases__
    if type_before_parametrizations(layer) is not plain:
        return
    if is_parametrized(layer):
        # A layer with spectral norm has a class of its own, which computes `weight`: derive that anew.
        kernel = type(f"Parametrized{kernel.__name__}", (kernel,), dict(vars(type(layer))))
    layer.__class__ = kernel
