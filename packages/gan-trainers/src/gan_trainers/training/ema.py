"""The exponential moving average of a network's weights."""

from copy import deepcopy
from typing import Any, Generic, TypeVar

import torch
from torch import nn

from gan_trainers.base.sharded import is_sharded

Net = TypeVar("Net", bound=nn.Module)


class EMA(nn.Module, Generic[Net]):
    """The exponential moving average of a network's parameters; call it as the network itself.

    After each `update`, average += (1 - decay) * (weights - average) with decay = 0.5 ** (1 / half_life).
    Buffers (batch-norm statistics) are copied, not averaged. With `ramp_up`, the half-life is at most
    that fraction of the updates made so far, so that the poor first weights are soon forgotten
    (Karras et al. 2020, StyleGAN2, whose training code uses 0.05).

    Args:
        network: the network in training. The average starts as a copy of it.
        half_life: number of updates after which an old weight counts half; 0: the weights themselves.
        ramp_up: fraction of the past updates that bounds the half-life; None for no bound.

    Attributes:
        average: the averaged network, in inference mode.

    Raises:
        ValueError: if `half_life` is negative, or `ramp_up` not positive, or for a network that
            `Run.shard` has sharded.

    Examples:
        >>> net = torch.nn.Linear(1, 1, bias=False)
        >>> ema = EMA(net, half_life=1)
        >>> _ = torch.nn.init.constant_(net.weight, 0.0)  # an optimizer step
        >>> before = ema.average.weight.item()
        >>> ema.update()
        >>> ema.average.weight.item() == before / 2
        True
    """

    average: Net

    def __init__(self, network: Net, half_life: float, ramp_up: float | None = None) -> None:
        super().__init__()
        if half_life < 0 or (ramp_up is not None and ramp_up <= 0):
            raise ValueError(
                f"half_life must be 0 or more and ramp_up positive; got {half_life} and {ramp_up}"
            )
        if any(map(is_sharded, network.parameters())):
            raise ValueError("expected a whole network; got a sharded one; make its average before shard()")
        self.average = deepcopy(network).requires_grad_(False).eval()
        self.half_life = half_life
        self.ramp_up = ramp_up
        self._updates = 0
        self._source = (network,)  # in a tuple, so that it is not registered as a part of this module

    @property
    def network(self) -> Net:
        """The network in training."""
        return self._source[0]

    @torch.no_grad()
    def update(self) -> None:
        """Move the average toward the network's current weights; call it once per step, not per batch."""
        source = self.network
        self._updates += 1
        half_life = self.half_life
        if self.ramp_up is not None:
            half_life = min(half_life, self._updates * self.ramp_up)
        step = 1 - 0.5 ** (1 / half_life) if half_life else 1.0
        torch._foreach_lerp_(list(self.average.parameters()), list(source.parameters()), step)  # type: ignore[attr-defined]
        for mine, theirs in zip(self.average.buffers(), source.buffers(), strict=True):
            mine.copy_(theirs)

    def forward(self, *inputs: Any) -> Any:
        """The output of the averaged network, in inference mode and without a graph."""
        with torch.no_grad():
            return self.average(*inputs)

    def train(self, mode: bool = True) -> "EMA[Net]":  # noqa: ARG002 - part of nn.Module's signature
        """Stay in inference mode: an average never trains."""
        return super().train(False)

    def get_extra_state(self) -> int:
        """The number of updates, saved with the weights because `ramp_up` needs it."""
        return self._updates

    def set_extra_state(self, state: int) -> None:
        """Restore the result of `get_extra_state`."""
        self._updates = int(state)
