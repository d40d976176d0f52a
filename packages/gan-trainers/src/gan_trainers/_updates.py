"""One optimiser's step: backward, averaged over processes, clipped, and in fp16 with a scaled loss."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from gan_trainers._processes import average_gradients


class Updates:
    """Makes the steps of several optimisers, and holds the loss scale of each (Micikevicius et al. 2018).

    Args:
        device: where the parameters are.
        dtype: the autocast type; float16 alone needs a scaled loss.
        clip: largest norm of an optimiser's gradients; None for no limit.
    """

    def __init__(self, device: torch.device, dtype: torch.dtype | None, clip: float | None) -> None:
        self._device = device.type
        self._scaled = dtype is torch.float16
        self._clip = clip
        self._scalers: dict[str, torch.amp.GradScaler] = {}
        self._latest: dict[str, tuple[int, int]] = {}  # step and batch of each optimiser's gradients

    def add(self, name: str) -> None:
        """Prepare for an optimiser that `make` will know by `name`."""
        self._scalers[name] = torch.amp.GradScaler(self._device, enabled=self._scaled)

    def make(
        self, name: str, optimizer: Optimizer, loss: Tensor, *, step: int, batch: int, batches: int
    ) -> None:
        """Add the gradients of `loss` for the optimiser's own parameters, and step with the last batch.

        Raises:
            ValueError: if no parameter of the optimiser is to learn, or it had its gradients of this batch,
                while those of several are gathered.
        """
        scaler = self._scalers[name]
        learning = [p for group in optimizer.param_groups for p in group["params"] if p.requires_grad]
        if not learning:
            raise ValueError(f"all parameters of '{name}' are frozen; update it outside `with frozen(...)`")
        latest = self._latest.get(name)
        if batches > 1 and latest == (step, batch):
            raise ValueError(
                f"a second update of '{name}' in a batch; with accumulate={batches}, add its losses up and "
                "update it once"
            )
        if batches == 1 or latest is None or latest[0] != step:
            optimizer.zero_grad(set_to_none=True)
        self._latest[name] = step, batch
        scaler.scale(loss).backward(inputs=learning)
        if batch < batches - 1:
            return
        average_gradients(learning)
        if all(parameter.grad is None for parameter in learning):
            return  # a loss that does not depend on them; a scaler has no use for it
        if self._clip is not None:
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(learning, self._clip)
        scaler.step(optimizer)
        scaler.update()

    def state_dict(self) -> dict[str, Any]:
        """The loss scales."""
        return {name: scaler.state_dict() for name, scaler in self._scalers.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` gave."""
        for name, scaler in self._scalers.items():
            if state[name]:  # empty where the run was in another precision then
                scaler.load_state_dict(state[name])
