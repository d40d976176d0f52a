"""Checks of the numbers that an augmentation is built with."""

import math


def check_fraction(value: float, what: str = "a probability") -> float:
    """`value` as a float.

    Raises:
        ValueError: it is not in [0, 1]; `what` names it.
    """
    if not 0 <= value <= 1:  # false for NaN
        raise ValueError(f"expected {what} in [0, 1]; got {value}")
    return float(value)


def check_strength(value: float, what: str) -> float:
    """`value` as a float.

    Raises:
        ValueError: it is negative, infinite or NaN; `what` names it.
    """
    if not 0 <= value < math.inf:  # false for NaN
        raise ValueError(f"expected {what} as a finite number of at least 0; got {value}")
    return float(value)
