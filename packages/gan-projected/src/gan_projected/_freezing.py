"""Networks that nothing can train."""

from typing import TypeVar

from torch import nn

Net = TypeVar("Net", bound=nn.Module)


def freeze_(network: Net) -> Net:
    """Turns the network's parameters into buffers, in place, under the same names, and returns it.

    A parameter that takes no gradient takes one again as soon as somebody calls `requires_grad_(True)` on
    whatever the network is part of; and optimisers that get all `parameters()` keep room for it. Buffers
    move, are saved and are loaded all the same.
    """
    for module in network.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            delattr(module, name)
            module.register_buffer(name, parameter.detach())
    return network
