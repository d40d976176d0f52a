"""Ranges and probabilities of random degradations: how they are written, checked and sampled."""

from collections.abc import Sequence
from math import isclose, isfinite
from random import Random

Range = tuple[float, float]  # (least, most), both included


def require_range(name: str, given: Range, least: float, most: float) -> None:
    """Raises ValueError unless least <= given[0] <= given[1] <= most, all finite."""
    low, high = given
    if not (isfinite(low) and isfinite(high) and least <= low <= high <= most):
        raise ValueError(f"expected {name} as (least, most) within {least:g} to {most:g}; got {given}")


def require_range_around_1(name: str, given: Range) -> None:
    """Raises ValueError unless 0 < given[0] <= 1 <= given[1], all finite."""
    low, high = given
    if not (0 < low <= 1 <= high and isfinite(high)):
        raise ValueError(f"expected {name} as (least, most) with 0 < least <= 1 <= most; got {given}")


def require_probability(name: str, given: float) -> None:
    """Raises ValueError unless it is a probability."""
    if not 0 <= given <= 1:
        raise ValueError(f"expected {name} as a probability from 0 to 1; got {given}")


def require_distribution(name: str, given: Sequence[float], count: int) -> None:
    """Raises ValueError unless there are `count` probabilities whose sum is 1."""
    if len(given) != count or min(given) < 0 or not isclose(sum(given), 1, abs_tol=1e-6):
        raise ValueError(f"expected {name} as {count} probabilities with a sum of 1; got {tuple(given)}")


def require_kernel_sizes(name: str, given: Sequence[int]) -> None:
    """Raises ValueError unless they are odd numbers of pixels."""
    if not given or any(size < 1 or size % 2 == 0 for size in given):
        raise ValueError(f"expected {name} as odd numbers of pixels, such as (7, 9, 11); got {tuple(given)}")


def sample_around_1(random: Random, given: Range) -> float:
    """Below 1 with probability 1/2, else above 1, uniform in each half."""
    low, high = given
    return random.uniform(low, 1) if random.random() < 0.5 else random.uniform(1, high)


def require_one_per_image(name: str, given: Sequence[object], images: int) -> None:
    """Raises ValueError unless there is one for each image of the batch."""
    if len(given) != images:
        raise ValueError(f"expected one of {name} for each of {images} images; got {len(given)}")
