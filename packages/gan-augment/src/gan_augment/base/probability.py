"""The probability of an augmentation, kept on its device so that no step waits for it."""

from typing import Protocol

import torch
from torch import Tensor

from gan_augment.base.ranges import check_fraction


class HasProbability(Protocol):
    """Anything with a probability `p`, a scalar tensor."""

    p: Tensor


@torch.no_grad()
def set_probability(augment: HasProbability, p: float) -> None:
    """Set an augmentation's probability in place, once or at each step from a schedule.

    A schedule is a pure function of the step, so it has no state to save:
    `set_probability(augment, 0.6 * min(1, step / 10_000))`.

    Args:
        augment: `DiffAugment`, `ADA`, `KorniaAugment` or anything else with a tensor `p`.
        p: in [0, 1].

    Raises:
        ValueError: `p` is outside [0, 1].

    Examples:
        >>> augment = ADA("bgc")
        >>> set_probability(augment, 0.6)
        >>> augment.p
        tensor(0.6000)
    """
    augment.p.fill_(check_fraction(p))
