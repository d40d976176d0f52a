"""A network's keys and shapes, in bounded time and without the memory of its tensors."""

import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook
from torch.overrides import TorchFunctionMode

Net = TypeVar("Net", bound=nn.Module)

SPARE = 300  # parameters that a network may have more than its file has tensors; the error lists them


def outline(make: Callable[[], Net], tensors: int) -> Net:
    """The network on the meta device, where tensors have shapes and no values.

    Args:
        make: builds the network.
        tensors: number of tensors in the file that it is for.

    Raises:
        ValueError: it has far more parameters than the file has tensors.
    """
    with _at_most(tensors + SPARE, tensors), torch.device("meta"), _WithoutPowerIterations():
        return make()


class _WithoutPowerIterations(TorchFunctionMode):
    """Leaves out what spectral norm computes at its construction, which takes seconds on the meta device."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        del types
        if func is torch.mv:
            return args[0].new_empty(args[0].shape[0])
        return args[0] if func is F.normalize else func(*args, **kwargs or {})


@contextmanager
def _at_most(most: int, tensors: int) -> Generator[None]:
    """Stop the construction of modules in this thread after `most` parameters."""
    count, here = 0, threading.get_ident()

    def check(_module: nn.Module, _name: str, _parameter: object) -> None:
        nonlocal count
        count += threading.get_ident() == here
        if count > most:
            raise ValueError(f"it describes more than {most} parameters, and the file has {tensors} tensors")

    hook = register_module_parameter_registration_hook(check)
    try:
        yield
    finally:
        hook.remove()
