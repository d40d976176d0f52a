"""When the frames of a video are shown, in formats that know a constant rate only."""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from gan_nets.pictures._video_formats import mpeg_has

FINEST = Fraction(1000)  # steps a second, if frames are not evenly spaced: fine enough for eyes and ears
MULTIPLES = 120  # of the rate that are tried


@dataclass(frozen=True)
class Grid:
    """Evenly spaced times.

    Attributes:
        rate: steps a second.
        origin: time of step 0 in seconds: less than a step from zero.
    """

    rate: Fraction
    origin: Fraction

    def step(self, time: Fraction) -> int:
        """The step that is nearest to a time."""
        return max(round((time - self.origin) * self.rate), 0)


def grid_with_gaps(times: Iterable[Fraction], rates: Sequence[Fraction], tick: Fraction) -> Grid:
    """The coarsest grid on which all frames are, up to a tick; otherwise one of milliseconds."""
    ordered = sorted(set(times))
    exact = _common_rate(ordered)
    for rate in (*rates, *([exact] if exact is not None and exact <= FINEST else [])):
        if (grid := _fitting(ordered, rate, tick)) is not None:
            return grid
    return Grid(FINEST, Fraction(0))


def grid_of_mpeg(times: Iterable[Fraction], rates: Sequence[Fraction], tick: Fraction) -> Grid | None:
    """The coarsest grid of a rate of MPEG-2 on which all frames are, up to a tick, if there is one."""
    ordered = sorted(set(times))
    exact = _common_rate(ordered)
    for rate in (*rates, *([exact] if exact is not None else [])):
        allowed = next((n * rate for n in range(1, MULTIPLES + 1) if mpeg_has(n * rate)), None)
        if allowed is not None and (grid := _fitting(ordered, allowed, tick)) is not None:
            return grid
    return None


def _common_rate(ordered: Sequence[Fraction]) -> Fraction | None:
    """The reciprocal of the greatest common divisor of all distances."""
    steps = [after - before for before, after in itertools.pairwise(ordered)]
    if not steps:
        return None
    denominator = math.lcm(*(step.denominator for step in steps))
    return Fraction(denominator, math.gcd(*(int(step * denominator) for step in steps)))


def _fitting(ordered: Sequence[Fraction], rate: Fraction, tick: Fraction) -> Grid | None:
    """A grid of the rate, if each frame is on a step of its own, up to a tick."""
    first = ordered[0] if ordered else Fraction(0)
    grid = Grid(rate, first - Fraction(round(first * rate)) / rate)
    steps = [grid.step(time) for time in ordered]
    near = all(abs(n / rate + grid.origin - time) <= tick for n, time in zip(steps, ordered, strict=True))
    return grid if near and len(set(steps)) == len(steps) else None
