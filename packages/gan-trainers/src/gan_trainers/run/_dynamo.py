"""Optimizers without the import of torch.compile's machinery, which takes longer than that of torch."""

import functools
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch.optim import Optimizer

Method = Callable[..., Any]


def defer_dynamo() -> None:
    """Let optimizers work without importing torch._dynamo, until something else imports it.

    torch wraps some methods of its optimizers so that torch.compile does not trace them; the first call of
    one imports torch._dynamo, and with it SymPy and Triton. Before that import nothing can be traced, so the
    methods without their wrappers are the same. After it, torch's own wrappers are called again.
    """
    if "torch._dynamo" in sys.modules:
        return
    for kind in (Optimizer, *Optimizer.__subclasses__()):
        for name, method in list(vars(kind).items()):
            if "_dynamo" in getattr(getattr(method, "__code__", None), "co_names", ()):
                eager: Method = method.__wrapped__
                setattr(kind, name, _deferred(method, _without_grad(eager) if name == "step" else eager))


def _deferred(wrapper: Method, eager: Method) -> Method:
    @functools.wraps(wrapper)
    def call(*args: Any, **kwargs: Any) -> Any:
        return (wrapper if "torch._dynamo" in sys.modules else eager)(*args, **kwargs)

    return call


def _without_grad(step: Method) -> Method:
    """A step with gradients only if it is to be differentiated itself, as torch's wrapper runs it."""

    def call(optimizer: Optimizer, *args: Any, **kwargs: Any) -> Any:
        with torch.set_grad_enabled(optimizer.defaults["differentiable"]):
            return step(optimizer, *args, **kwargs)

    return call
