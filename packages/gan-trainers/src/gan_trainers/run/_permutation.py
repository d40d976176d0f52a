"""Random permutations of [0, n) that are computed element by element, so that none is ever stored."""

import numpy as np

from gan_trainers.base.keyed import Words

_STEP = np.uint64(0x9E3779B97F4A7C15)  # to the keys of the next round
_FIRST, _SECOND = np.uint64(0xD6E8FEB86659FD93), np.uint64(0x9FB21C651E98DF25)  # odd: invertible factors

# Until all orders of a few samples are equally likely takes more rounds than that of any two of many. Counted
# over 300,000 keys: 7 and 8 samples still differed after 16 rounds, pairs of 60 and more no longer after 8.
_FEW, _ROUNDS_OF_FEW, _ROUNDS = 256, 24, 12


def permuted(positions: Words, samples: int, keys: Words) -> Words:
    """What the permutation of each key has at each position.

    A Feistel network permutes the smallest square or twice a square of powers of two that holds `samples`; a
    result that is not below `samples` is permuted again until it is (cycle walking; Black and Rogaway 2002,
    section 5), which takes fewer than two rounds of it on average.

    Args:
        positions: (N,), below `samples`.
        samples: length n of the permutations.
        keys: (N,), the permutation that each position is looked up in.

    Returns:
        (N,), below `samples`; for one key a bijection of the positions.
    """
    found = _feistel(positions, samples, keys)
    while (outside := np.flatnonzero(found >= samples)).size:
        found[outside] = _feistel(found[outside], samples, keys[outside])
    return found


def _feistel(x: Words, samples: int, keys: Words) -> Words:
    bits = max(2, (samples - 1).bit_length())
    left_bits, right_bits = (bits + 1) // 2, bits // 2
    left, right = x >> np.uint64(right_bits), x & np.uint64(2**right_bits - 1)
    for _ in range(_ROUNDS if samples > _FEW else _ROUNDS_OF_FEW):
        # Added, not combined by xor, which is an even permutation: half of all orders would never come.
        keys = keys + _STEP
        changed = _mixed(right, keys, left_bits)
        changed += left
        changed &= np.uint64(2**left_bits - 1)
        left, right, left_bits, right_bits = right, changed, right_bits, left_bits
    return (left << np.uint64(right_bits)) | right


def _mixed(x: Words, keys: Words, bits: int) -> Words:
    """Random numbers of `bits` bits: multiplication carries every bit upwards, and the highest are used."""
    mixed = x ^ keys
    mixed *= _FIRST
    mixed ^= mixed >> np.uint64(32)
    mixed *= _SECOND
    mixed >>= np.uint64(64 - bits)
    return mixed
