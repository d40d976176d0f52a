"""How strong a transform may be."""

import math


def checked_strength(value: float, what: str) -> float:
    """`value` as a float.

    Raises:
        ValueError: it is negative or no finite number; `what` says of what.
    """
    if not 0 <= value < math.inf:  # NaN is not
        raise ValueError(f"expected {what} as a finite number of at least 0; got {value}")
    return float(value)
