"""The probability with which an augmentation happens, kept on the device so that no step waits for it."""

from typing import Protocol

import torch
from torch import Tensor


class HasProbability(Protocol):
    """What has a probability: a scalar tensor."""

    p: Tensor


def checked(value: float, what: str = "a probability") -> float:
    """`value` as a float.

    Raises:
        ValueError: it is not in [0, 1]; `what` says what it should have been.
    """
    if not 0 <= value <= 1:  # NaN is not
        raise ValueError(f"expected {what} in [0, 1]; got {value}")
    return float(value)


@torch.no_grad()
def set_probability(augment: HasProbability, p: float) -> None:
    """Set an augmentation's probability in place: to a constant, or at each step to what a schedule says.

    A schedule is a pure function of the step, so that it has nothing to save:
    `set_probability(augment, 0.6 * min(1, step / 10_000))`.

    Args:
        augment: `DiffAugment`, `ADA`, `KorniaAugment` or whatever else has a tensor `p`.
        p: in [0, 1].

    Raises:
        ValueError: `p` is outside [0, 1].
    """
    augment.p.fill_(checked(p))
