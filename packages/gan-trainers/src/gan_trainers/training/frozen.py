"""Freezing a network while gradients flow through it to another one."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def frozen(*modules: nn.Module) -> Iterator[None]:
    """Turn `requires_grad` off inside the block, and back on only where it was on before.

    Gradients still flow *through* a frozen module to its input. They are not computed for its parameters, and
    autograd does not store the tensors that only those gradients need. A backbone that was frozen before
    stays frozen afterwards.

    Args:
        *modules: networks, or parts of them, whose parameters are frozen inside the block.

    Examples:
        >>> d = torch.nn.Linear(2, 1)
        >>> x = torch.ones(1, 2, requires_grad=True)
        >>> with frozen(d):
        ...     d(x).sum().backward()
        >>> d.weight.grad is None, x.grad.shape
        (True, torch.Size([1, 2]))
    """
    learning = [p for module in modules for p in module.parameters() if p.requires_grad]
    for parameter in learning:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)
