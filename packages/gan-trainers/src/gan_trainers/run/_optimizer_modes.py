"""Optimizers with modes, whose evaluated weights are other than those at which they train."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

from torch import Tensor, nn
from torch.optim import Optimizer


@runtime_checkable
class HasModes(Protocol):
    """An optimizer that averages the weights itself, such as those of schedulefree (Defazio et al. 2024)."""

    def train(self) -> None:
        """Give its parameters the weights at which gradients are computed."""
        ...

    def eval(self) -> None:
        """Give its parameters the averaged weights, which are evaluated and saved."""
        ...


class OptimizerModes:
    """The modes of a run's optimizers: training inside the loop, evaluation outside of it.

    An optimizer computes one kind of weights from the other, with rounding errors. The training weights are
    stored meanwhile, so that an evaluation or a checkpoint does not change the training by a bit.

    Attributes:
        training: whether the optimizers are in training mode.
    """

    def __init__(self) -> None:
        self.training = False
        self._optimizers: dict[str, tuple[Optimizer, HasModes]] = {}
        self._stored: dict[str, list[Tensor]] = {}  # training weights of each optimizer during evaluation

    def add(self, name: str, optimizer: Optimizer) -> None:
        """Add an optimizer, and put it into evaluation mode; those without modes are left alone."""
        if isinstance(optimizer, HasModes):
            optimizer.eval()
            self._optimizers[name] = optimizer, optimizer

    def train(self) -> None:
        """Training mode, with the weights as they were before the evaluation.

        Parameters without a state in the optimizer stay as they are: their weights are not averages, and
        the program may have changed them.
        """
        for name, (optimizer, modes) in self._optimizers.items():
            modes.train()
            for parameter, weights in zip(_parameters(optimizer), self._stored.pop(name, []), strict=False):
                if optimizer.state.get(parameter):
                    parameter.detach().copy_(weights)
        self.training = True

    def eval(self) -> None:
        """Evaluation mode, with averaged weights."""
        for name, (optimizer, modes) in self._optimizers.items():
            self._stored[name] = [parameter.detach().clone() for parameter in _parameters(optimizer)]
            modes.eval()
        self.training = False

    @contextmanager
    def trained(self) -> Generator[None]:
        """Training mode within the block, evaluation mode after it."""
        self.train()
        try:
            yield
        finally:
            self.eval()

    @contextmanager
    def averaged(self) -> Generator[None]:
        """Evaluation mode within the block, and after it the mode before it."""
        was_training = self.training
        if was_training:
            self.eval()
        try:
            yield
        finally:
            if was_training:
                self.train()

    def check_training(self, name: str) -> None:
        """Make sure that an optimizer may step.

        Raises:
            ValueError: if it has modes and is in evaluation mode.
        """
        if name in self._optimizers and not self.training:
            raise ValueError(
                f"update of '{name}' while its parameters hold averaged weights; call it in the loop over "
                "run.steps(), outside of `with run.averaged_weights()`"
            )

    def state_dict(self) -> dict[str, list[Tensor]]:
        """The training weights, by optimizer; in evaluation mode only."""
        return dict(self._stored)

    def load_state_dict(self, state: dict[str, list[Tensor]]) -> None:
        """Restore the result of `state_dict`."""
        self._stored = dict(state)


def _parameters(optimizer: Optimizer) -> list[nn.Parameter]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]
