"""Random numbers that are computed from a seed and an index, in any order, and never stored."""

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def keyed(seeds: Words, indices: Words) -> Words:
    """Number `indices[i]` of SplitMix64 seeded with `seeds[i]` (Steele, Lea and Flood 2014, section 3).

    Both are arrays, of shapes that broadcast; a product of single numbers would warn about its overflow.
    """
    z = seeds + (indices + np.uint64(1)) * _STEP
    z = (z ^ (z >> np.uint64(30))) * _FIRST
    z = (z ^ (z >> np.uint64(27))) * _SECOND
    return z ^ (z >> np.uint64(31))


def keyed_seed(seed: int, *indices: int) -> int:
    """A seed in [0, 2^62) for each tuple of `indices`, each a number of the generator before it."""
    key = np.array([seed % 2**64], dtype=np.uint64)
    for index in indices:
        key = keyed(key, np.array([index], dtype=np.uint64))
    return int(key[0] >> np.uint64(2))
