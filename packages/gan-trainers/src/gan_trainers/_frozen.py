"""Holding a network still while another one learns through it."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def frozen(*modules: nn.Module) -> Iterator[None]:
    """Turn `requires_grad` off inside the block, and back on only where it was on before.

    Gradients still flow *through* a frozen module to its input; they are just not computed for its
    parameters, and autograd does not store what only those gradients would need. A backbone that was
    already frozen stays frozen afterwards.

    Args:
        *modules: the networks, or parts of them, that must not learn inside the block.
    """
    learning = [p for module in modules for p in module.parameters() if p.requires_grad]
    for parameter in learning:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)
