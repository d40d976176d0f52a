"""Shares and intervals against values by hand, and against theory."""

import random
from statistics import NormalDist, fmean, pstdev

import pytest
from gan_metrics.study._estimates import estimate_share, participants_needed


def test_the_share_is_the_mean_of_the_participants():
    estimate = estimate_share([0.0, 0.5, 0.25])
    assert estimate.share == 0.25
    assert 0 <= estimate.low < 0.25 < estimate.high <= 0.5


def test_one_participant_has_no_interval_and_none_no_share():
    assert estimate_share([0.3]).low is None
    with pytest.raises(ValueError, match="at least one participant; got none"):
        estimate_share([])


def test_two_participants_by_hand():
    """The means of two draws are 0, 1/2 and 1 with 1/4, 1/2 and 1/4: a 40 % interval is a point."""
    estimate = estimate_share([0.0, 1.0], level=0.4)
    assert (estimate.low, estimate.high) == (0.5, 0.5)
    assert (estimate_share([0.0, 1.0]).low, estimate_share([0.0, 1.0]).high) == (0.0, 1.0)


def test_the_interval_is_that_of_a_normal_distribution_for_many_participants():
    rng = random.Random(0)
    shares = [rng.betavariate(4, 12) for _ in range(200)]
    estimate = estimate_share(shares)
    half = NormalDist().inv_cdf(0.975) * pstdev(shares) / 200**0.5
    assert estimate.low == pytest.approx(fmean(shares) - half, abs=0.1 * half)
    assert estimate.high == pytest.approx(fmean(shares) + half, abs=0.1 * half)


def test_the_interval_contains_the_true_share_as_often_as_it_says():
    """Of 25 participants with 40 binomial answers each; the bootstrap of 25 is short by 2 % of its width."""
    rng = random.Random(1)
    studies = [[sum(rng.random() < 0.3 for _ in range(40)) / 40 for _ in range(25)] for _ in range(60)]
    estimates = [estimate_share(shares, draws=1000) for shares in studies]
    inside = sum(each.low <= 0.3 <= each.high for each in estimates)
    assert 51 <= inside <= 60  # binomial with 0.94: 56.4, standard deviation 1.8


def test_the_same_seed_gives_the_same_interval():
    shares = [0.1, 0.2, 0.4, 0.45]
    assert estimate_share(shares) == estimate_share(shares)


def test_participants_needed_by_hand():
    """The standard deviation of 0.2 and 0.4 is 0.1414: n = (2 * 1.95996 * 0.1414 / 0.1)^2 = 30.7."""
    assert participants_needed([0.2, 0.4], 0.1) == 31
    assert participants_needed([0.2, 0.4], 0.05) == 123
    assert participants_needed([0.2, 0.4], 0.9) == 2


def test_participants_needed_give_the_wanted_width():
    rng = random.Random(2)
    pilot = [rng.gauss(0.3, 0.1) for _ in range(200)]
    needed = participants_needed(pilot, 0.04)
    estimate = estimate_share([rng.gauss(0.3, 0.1) for _ in range(needed)])
    assert estimate.high - estimate.low == pytest.approx(0.04, rel=0.25)


def test_participants_needed_is_not_known_without_variation():
    assert participants_needed([], 0.1) is None
    assert participants_needed([0.5], 0.1) is None
    assert participants_needed([0.0, 0.0, 0.0], 0.1) is None
