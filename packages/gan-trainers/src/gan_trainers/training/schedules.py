"""Learning-rate and weight schedules: pure functions of the step, so there is no state to save.

`step` is the number of the current step, counted from 1, like `Run.step` inside the loop.
"""

import math


def linear_decay(step: int, *, start: int, end: int) -> float:
    """1 up to step `start`, then linear toward 0, which it would reach one step after `end`.

    The official code of pix2pix and CycleGAN keeps the rate for the first half of the training and decays it
    linearly over the second: `start=steps // 2, end=steps`.

    Args:
        step: the current step, from 1.
        start: the last step at full rate.
        end: the last step of the training.

    Returns:
        A factor in [0, 1] for the rate.

    Raises:
        ValueError: if `end` is before `start`.

    Examples:
        >>> [linear_decay(step, start=2, end=5) for step in range(1, 7)]
        [1.0, 1.0, 0.75, 0.5, 0.25, 0.0]
    """
    if end < start:
        raise ValueError(f"linear_decay expects start <= end; got start={start} and end={end}")
    return min(1.0, max(0.0, (end - step + 1) / (end - start + 1)))


def cosine_decay(step: int, *, start: int, end: int) -> float:
    """1 up to step `start`, then half a cosine down to 0, which it would reach one step after `end`.

    Loshchilov and Hutter 2017, eq. 5, without restarts. Arguments, result and error as `linear_decay`.

    Examples:
        >>> [round(cosine_decay(step, start=2, end=5), 2) for step in (1, 2, 4, 5)]
        [1.0, 1.0, 0.5, 0.15]
    """
    return 0.5 - 0.5 * math.cos(math.pi * linear_decay(step, start=start, end=end))


def step_decay(step: int, *, at: tuple[int, ...], factor: float = 0.5) -> float:
    """Multiply by `factor` after each of the steps `at`: 1, factor, factor ** 2, and so on.

    Args:
        step: the current step, from 1.
        at: the steps after which the rate drops; SRGAN drops it once, half-way.
        factor: of each drop.

    Returns:
        The factor for the rate.

    Examples:
        >>> [step_decay(step, at=(2, 4)) for step in range(1, 6)]
        [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    return factor ** sum(step > drop for drop in at)


def warm_up(step: int, *, steps: int) -> float:
    """Linear from 1 / `steps` at step 1 to 1 at step `steps`, and 1 from there on.

    Args:
        step: the current step, from 1.
        steps: length of the warm-up; 0 for none.

    Returns:
        A factor in (0, 1] for the rate.

    Raises:
        ValueError: if `steps` is negative.

    Examples:
        >>> [warm_up(step, steps=4) for step in range(1, 6)]
        [0.25, 0.5, 0.75, 1.0, 1.0]
    """
    if steps < 0:
        raise ValueError(f"warm_up expects steps >= 0; got {steps}")
    return min(1.0, step / steps) if steps else 1.0
