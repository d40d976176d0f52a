"""Networks without trainable parameters."""

from typing import TypeVar

from torch import nn

Net = TypeVar("Net", bound=nn.Module)


def freeze_(network: Net) -> Net:
    """Turn the network's parameters into buffers, in place and under the same names, and return it.

    Parameters with `requires_grad=False` become trainable again by `requires_grad_(True)` on any module that
    contains the network, and optimizers of all `parameters()` allocate state for them. Buffers are moved,
    saved and loaded like parameters.
    """
    for module in network.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            delattr(module, name)
            module.register_buffer(name, parameter.detach())
    return network
