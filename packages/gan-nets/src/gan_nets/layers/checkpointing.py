"""Activation checkpointing: what a part of a network stores for the backward pass is recomputed there.

Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost".
"""

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from types import MethodType

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage] - it has no other name
from torch.utils.checkpoint import checkpoint


def checkpoint_activations_(net: nn.Module) -> int:
    """Let the deep parts of a network recompute their activations in the backward pass, in place.

    Only the inputs of the parts are stored: less memory, for about one more forward of the network. Outputs,
    gradients, dropout masks and batch-norm statistics are the same bit for bit; without gradients nothing
    changes. The state dict keeps its keys, and a deep copy recomputes as well. The weights must not change
    between forward and backward. For torch.compile, which chooses itself what to recompute, use one or the
    other.

    A module names its parts in the class attribute `checkpointed`: attributes that hold a module, or a list
    of modules that are parts.

    Args:
        net: a network, or a module that contains networks.

    Returns:
        The number of parts; 0 if nothing changed.

    Examples:
        >>> checkpoint_activations_(ResnetGenerator(blocks=9, width=4))  # parts that recompute
        14
    """
    found = [
        part
        for module in net.modules()
        for name in getattr(module, "checkpointed", ())
        for part in _parts(module.get_submodule(name))
    ]
    for part in found:
        part.forward = MethodType(_checkpointed_forward, part)  # type: ignore[method-assign]
    return len(found)


def _parts(module: nn.Module) -> list[nn.Module]:
    return list(module) if isinstance(module, nn.ModuleList) else [module]


def _checkpointed_forward(part: nn.Module, *inputs: Tensor) -> Tensor:
    """The forward of the part's class. A method of the part: in a deep copy it is bound to the copy."""
    forward = partial(type(part).forward, part)
    if not torch.is_grad_enabled():
        return forward(*inputs)
    return checkpoint(forward, *inputs, use_reentrant=False, context_fn=partial(_contexts, part))


def _contexts(part: nn.Module) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    """Those of the forward, and of its repetition in the backward pass."""
    return nullcontext(), _copied_statistics(part)


@contextmanager
def _copied_statistics(part: nn.Module) -> Generator[None]:
    """The repetition updates copies of the batch norms' statistics, which have counted the batch already."""
    norms = [module for module in part.modules() if isinstance(module, _BatchNorm)]
    kept = [(norm, name, buffer) for norm in norms for name, buffer in norm.named_buffers(recurse=False)]
    for norm, name, buffer in kept:
        setattr(norm, name, buffer.clone())
    try:
        yield
    finally:
        for norm, name, buffer in kept:
            setattr(norm, name, buffer)
