"""Dropout whose masks are the same for any number of processes."""

from collections.abc import Callable
from typing import TypeAlias

from torch import Tensor, nn

Draw: TypeAlias = Callable[[int, Callable[[int], Tensor]], Tensor]
"""Takes the number of samples in a batch and what makes n of them, as `Run.draw` does."""


class DrawnDropout(nn.Dropout):
    """Dropout (Srivastava et al. 2014, section 4) with masks that `draw` makes while training.

    In a checkpointed part of a network the second forward would draw another mask, and a compiled network
    cannot draw so: use torch's own there.
    """

    draw: Draw

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - Dropout's own name
        """Zero each element of (N, ...) with the probability p, and divide the others by 1 - p."""
        if not self.training or self.p in (0, 1):
            return super().forward(input)
        shape = input.shape[1:]
        return input * self.draw(
            len(input), lambda n: input.new_empty(n, *shape).bernoulli_(1 - self.p).div_(1 - self.p)
        )


def draw_dropout_(module: nn.Module, draw: Draw) -> None:
    """Make every Dropout of `module` take its masks from `draw`, in place.

    Only the class of each layer changes.
    """
    for layer in module.modules():
        if type(layer) is nn.Dropout:
            layer.__class__ = DrawnDropout
            layer.draw = draw
