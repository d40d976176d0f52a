"""One optimizer step: backward, average over processes, clip, and in fp16 scale the loss."""

import inspect
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from gan_trainers.base.distributed import average_gradients
from gan_trainers.base.sharded import is_sharded


class OptimizerSteps:
    """The steps of several optimizers, and the loss scale of each (Micikevicius et al. 2018).

    Args:
        device: of the parameters.
        dtype: the autocast type; only float16 needs a scaled loss.
        clip: largest norm of an optimizer's gradients; None for no limit.
    """

    def __init__(self, device: torch.device, dtype: torch.dtype | None, clip: float | None) -> None:
        self._device = device.type
        self._scaled = dtype is torch.float16
        self._clip = clip
        self._scalers: dict[str, torch.amp.GradScaler] = {}
        self._latest: dict[str, tuple[int, int]] = {}  # step and batch of each optimizer's gradients

    def add(self, name: str, optimizer: Optimizer) -> None:
        """Prepare for an optimizer that `step` will know by `name`.

        Raises:
            ValueError: if its step needs a closure, such as that of LBFGS.
        """
        step = inspect.signature(type(optimizer).step).parameters
        if step.get("closure") and step["closure"].default is inspect.Parameter.empty:
            raise ValueError(
                f"expected an optimizer whose step() needs no closure; got {type(optimizer).__name__} as "
                f"'{name}'; use another, since update() computes the loss once for each step"
            )
        self._scalers[name] = torch.amp.GradScaler(self._device, enabled=self._scaled)

    def step(
        self,
        name: str,
        optimizer: Optimizer,
        loss: Tensor,
        *,
        parameters: Callable[[], Iterable[nn.Parameter]],
        step: int,
        batch: int,
        batches: int,
    ) -> None:
        """Add the gradients of `loss` for the optimizer's own parameters; step after the last batch.

        Args:
            name: under which the optimizer was added.
            optimizer: whose parameters learn, except those that are frozen.
            loss: a scalar.
            parameters: returns those of all networks; gradients of others than the optimizer's stay.
            step: number of the current step.
            batch: number of the current batch within the step, from 0.
            batches: number of batches per step.

        Raises:
            ValueError: if all parameters of the optimizer are frozen, or if it already has its gradients of
                this batch while several batches are accumulated.
        """
        scaler = self._scalers[name]
        learning = [p for group in optimizer.param_groups for p in group["params"] if p.requires_grad]
        if not learning:
            raise ValueError(f"all parameters of '{name}' are frozen; update it outside `with frozen(...)`")
        latest = self._latest.get(name)
        if batches > 1 and latest == (step, batch):
            raise ValueError(
                f"second update of '{name}' in one batch; with accumulate={batches}, add its losses and "
                "update it once"
            )
        if batches == 1 or latest is None or latest[0] != step:
            optimizer.zero_grad(set_to_none=True)
        self._latest[name] = step, batch
        sharded = is_sharded(learning[0])
        if sharded:  # autograd does not know the shards
            with _gradients_kept(parameters(), learning):
                scaler.scale(loss).backward()
        else:
            scaler.scale(loss).backward(inputs=learning)
        if batch < batches - 1:
            return
        if not sharded:  # else averaged in the backward pass
            average_gradients(learning)
        if all(parameter.grad is None for parameter in learning):
            return  # the loss does not depend on them; a scaler would raise
        if self._clip is not None:
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(learning, self._clip)
        scaler.step(optimizer)
        scaler.update()

    def state_dict(self) -> dict[str, Any]:
        """The loss scales."""
        return {name: scaler.state_dict() for name, scaler in self._scalers.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the result of `state_dict`."""
        for name, scaler in self._scalers.items():
            if state[name]:  # empty if the checkpoint was written in another precision
                scaler.load_state_dict(state[name])


@contextmanager
def _gradients_kept(parameters: Iterable[nn.Parameter], learning: Iterable[nn.Parameter]) -> Generator[None]:
    """Undo what a backward pass in the block does to the gradients of those that do not learn from it."""
    learns = set(learning)
    before = [(parameter, parameter.grad) for parameter in parameters if parameter not in learns]
    for parameter, _ in before:
        parameter.grad = None
    try:
        yield
    finally:
        for parameter, gradient in before:
            parameter.grad = gradient
