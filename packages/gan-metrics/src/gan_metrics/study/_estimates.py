"""Shares of wrong answers over participants, their intervals, and how many participants a study needs."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import NormalDist, fmean, stdev


@dataclass(frozen=True)
class Estimate:
    """The mean of participants' shares.

    Attributes:
        share: the mean, in [0, 1].
        low: the interval's lower end; None with fewer than two participants.
        high: the upper end.
    """

    share: float
    low: float | None
    high: float | None


def estimate_share(
    shares: Sequence[float], *, level: float = 0.95, draws: int = 10_000, seed: int = 0
) -> Estimate:
    """The mean of some participants' shares, with its bootstrap interval.

    Participants are drawn with replacement, not answers: answers of one participant are alike. The interval
    goes from the (1 - level) / 2 quantile of the means of such draws to the opposite one (Efron and
    Tibshirani 1993, section 13.3). With few participants it is too narrow, by about 1 / (2 n) of its width.

    Args:
        shares: of each participant, in [0, 1].
        level: of the interval.
        draws: how many.
        seed: of the draws.

    Raises:
        ValueError: there is no participant.
    """
    if not shares:
        raise ValueError("expected the shares of at least one participant; got none")
    if len(shares) < 2:
        return Estimate(shares[0], None, None)
    rng, count = random.Random(seed), len(shares)
    means = sorted(sum(rng.choices(shares, k=count)) / count for _ in range(draws))
    cut = round(draws * (1 - level) / 2)
    return Estimate(fmean(shares), means[cut], means[-1 - cut])


def participants_needed(shares: Sequence[float], width: float, *, level: float = 0.95) -> int | None:
    """How many participants in all an interval of a wanted width asks for.

    From n = (2 z s / width)^2, where s is the standard deviation of the shares and z the normal quantile of
    the level: the width of the interval of a mean shrinks with the root of the number of participants.

    Args:
        shares: of the participants so far, in [0, 1].
        width: from the lower end to the upper one.
        level: of the interval.

    Returns:
        The number, at least 2; None if the shares do not say how they vary: fewer than two, or all equal.
    """
    if len(shares) < 2 or (deviation := stdev(shares)) == 0:
        return None
    quantile = NormalDist().inv_cdf((1 + level) / 2)
    return max(2, ceil((2 * quantile * deviation / width) ** 2))
