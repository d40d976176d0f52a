"""Statistics of fixed seeds: each sum of squares is compared with its expectation and standard deviation."""

import itertools
import math

import numpy as np
import pytest
from gan_trainers.base.keyed import keyed, keyed_seed
from gan_trainers.run._order import SampleOrder
from gan_trainers.run._permutation import permuted

KEYS = 100_000


def keys_of(count, seed=0):
    return keyed(np.array([seed], dtype=np.uint64), np.arange(count, dtype=np.uint64))


def at(position, samples, keys):
    """What each key's permutation has at one position."""
    return permuted(np.full(len(keys), position, np.uint64), samples, keys).astype(np.int64)


def deviations(counts):
    """By how many standard deviations the chi-square statistic of equally likely `counts` is too large."""
    counts = np.asarray(counts, dtype=np.float64).ravel()
    expected = counts.sum() / counts.size
    freedom = counts.size - 1
    return (((counts - expected) ** 2 / expected).sum() - freedom) / math.sqrt(2 * freedom)


def order(samples, batch_size=4, seed=0, process=0, processes=1, shuffle=True, passes=None):
    return SampleOrder(
        samples, batch_size, seed=seed, process=process, processes=processes, shuffle=shuffle, passes=passes
    )


def taken(batches, count):
    return list(itertools.islice(batches, count))


def test_the_generator_is_splitmix64():
    """The first numbers for the seed 1234567 that Vigna's splitmix64.c prints."""
    found = keyed(np.array([1234567], dtype=np.uint64), np.arange(3, dtype=np.uint64))
    assert found.tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert keyed_seed(1234567, 2) == 9817491932198370423 >> 2
    assert keyed_seed(-1, 0) == keyed_seed(2**64 - 1, 0)


@pytest.mark.parametrize("samples", [*range(1, 70), 255, 256, 257, 1000, 4096, 4097, 65_537])
def test_every_position_has_another_sample(samples):
    keys = np.full(samples, 77, dtype=np.uint64)
    found = permuted(np.arange(samples, dtype=np.uint64), samples, keys)
    assert sorted(found.tolist()) == list(range(samples))


@pytest.mark.parametrize("samples", [2, 3, 4, 5, 6, 7])
def test_all_orders_of_a_few_samples_are_equally_likely(samples):
    keys = keys_of(KEYS, seed=samples)
    codes = sum(samples**position * at(position, samples, keys) for position in range(samples))
    _, counts = np.unique(codes, return_counts=True)
    assert len(counts) == math.factorial(samples)
    assert abs(deviations(counts)) < 4


@pytest.mark.parametrize("samples", [13, 64, 100, 300, 1000])
def test_every_sample_is_equally_likely_at_a_position(samples):
    for position in (0, samples // 2, samples - 1):
        assert abs(deviations(np.bincount(at(position, samples, keys_of(KEYS)), minlength=samples))) < 4


@pytest.mark.parametrize("samples", [13, 64, 100, 257])
def test_every_pair_is_equally_likely_at_two_positions(samples):
    keys = keys_of(KEYS, seed=1)
    for first, second in ((0, 1), (0, samples // 2), (0, 8), (3, samples - 1)):
        pairs = at(first, samples, keys) * samples + at(second, samples, keys)
        counts = np.bincount(pairs, minlength=samples**2).reshape(samples, samples)
        assert np.trace(counts) == 0
        assert abs(deviations(counts[~np.eye(samples, dtype=bool)])) < 4


def test_half_of_all_permutations_are_odd():
    """A Feistel network whose rounds combine by xor has even ones alone."""
    parities = []
    for key in keys_of(400):
        found = permuted(np.arange(16, dtype=np.uint64), 16, np.full(16, key)).tolist()
        inversions = sum(a > b for a, b in itertools.combinations(found, 2))
        parities.append(inversions % 2)
    assert abs(sum(parities) - 200) < 4 * 10


def test_passes_have_no_order_in_common():
    """The rank correlation of two passes, and of two seeds, is that of independent orders."""
    samples = 1000
    stream = [index for batch in taken(order(samples, 100), 400) for index, _ in batch]
    passes = np.array(stream).reshape(40, samples)
    other = np.array([[index for batch in taken(order(samples, 100, seed=1), 10) for index, _ in batch]])
    correlations = np.corrcoef(np.concatenate([passes, other]))[~np.eye(41, dtype=bool)]
    assert np.abs(correlations).max() < 4.5 / math.sqrt(samples)
    assert abs(correlations.std() * math.sqrt(samples) - 1) < 0.15
    assert (passes == np.arange(samples)).sum() < 80  # fixed points: one in each pass is expected
    assert abs(deviations(np.bincount((np.diff(passes) % samples).ravel(), minlength=samples)[1:])) < 4


def test_a_set_that_no_memory_would_hold_begins_at_once_anywhere():
    samples = 10**12
    late = order(samples, 3, process=1, processes=2)
    late.start = 5 * samples - 6  # before the last batch of the fifth pass
    (last, first) = taken(late, 2)
    indices = [index for index, _ in [*last, *first]]
    assert all(0 <= index < samples for index in indices)
    assert len(set(indices)) == 6
    late.start = 5 * samples
    assert taken(late, 1) == [first]


@pytest.mark.parametrize("processes", [2, 3])
def test_any_number_of_processes_reads_one_order(processes):
    whole = [sample for batch in taken(order(11, 6, seed=3), 400) for sample in batch]
    parts = [
        taken(order(11, 6 // processes, seed=3, process=rank, processes=processes), 400)
        for rank in range(processes)
    ]
    assert [sample for batches in zip(*parts, strict=True) for batch in batches for sample in batch] == whole


def test_each_sample_has_a_seed_of_its_own():
    seeds = [seed for batch in taken(order(7, 100), 100) for _, seed in batch]
    assert len(set(seeds)) == 10_000
    assert all(0 <= seed < 2**62 for seed in seeds)
