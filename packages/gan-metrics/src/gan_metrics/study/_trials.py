"""What one participant is shown, in which order."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Literal, TypeAlias

from gan_metrics.study._study import Mode, Study

Part: TypeAlias = Literal["practice", "counted", "attention"]
Answer: TypeAlias = Literal["left", "right", "real", "fake"]
ANSWERS: dict[str, tuple[Answer, Answer]] = {"pairs": ("left", "right"), "single": ("real", "fake")}


@dataclass(frozen=True)
class Trial:
    """One pair, or one picture, and the right answer.

    Attributes:
        part: whether it is for practice, counts, or checks the participant's attention.
        pictures: the ids, from left to right.
        truth: the side of the real picture, or what the only picture is.
    """

    part: Part
    pictures: tuple[str, ...]
    truth: Answer


def plan_trials(study: Study, participant: str, algorithm: str) -> list[Trial]:
    """The trials of a participant; the same ones at each call.

    Practice comes first. Then come the trials that count, with the attention checks at random places. No
    fake is shown twice, and no real picture but beside a broken one when there are no others.
    """
    rng = random.Random(f"{study.seed} {participant}")
    plan = _plan_pairs if study.mode == "pairs" else _plan_singles
    practice, rest = plan(study, algorithm, rng)
    rng.shuffle(rest)
    return [*practice, *rest]


def needed_pictures(mode: Mode, practice: int, counted: int) -> tuple[int, int]:
    """How many real pictures, and how many fakes, a participant is shown besides attention checks."""
    if mode == "pairs":
        return practice + counted, practice + counted
    reals = practice // 2 + counted // 2
    return reals, practice + counted - reals


def _plan_pairs(study: Study, algorithm: str, rng: random.Random) -> tuple[list[Trial], list[Trial]]:
    count = study.practice + study.counted
    fakes = rng.sample(sorted(study.fake[algorithm]), count)
    reals = (
        [study.partners[fake] for fake in fakes]
        if study.pairing[algorithm] == "names"
        else rng.sample(sorted(study.real), count)
    )
    others = sorted(study.real.keys() - set(reals))
    if len(others) >= study.attention:
        checks = rng.sample(others, study.attention)
    else:
        checks = rng.choices(sorted(study.real), k=study.attention)
    parts: list[Part] = [
        *repeat("practice", study.practice),
        *repeat("counted", study.counted),
        *repeat("attention", study.attention),
    ]
    sides = zip(parts, [*reals, *checks], [*fakes, *study.broken], strict=True)
    pairs = [_pair(part, real, fake, rng) for part, real, fake in sides]
    return pairs[: study.practice], pairs[study.practice :]


def _pair(part: Part, real: str, fake: str, rng: random.Random) -> Trial:
    """With the real picture at a random side."""
    return Trial(part, (real, fake), "left") if rng.random() < 0.5 else Trial(part, (fake, real), "right")


def _plan_singles(study: Study, algorithm: str, rng: random.Random) -> tuple[list[Trial], list[Trial]]:
    """Half of the pictures are real in each part, or one less."""
    real_count, fake_count = needed_pictures(study.mode, study.practice, study.counted)
    reals = rng.sample(sorted(study.real), real_count)
    fakes = rng.sample(sorted(study.fake[algorithm]), fake_count)
    half = study.practice // 2
    practice = _singles("practice", reals[:half], fakes[: study.practice - half])
    rng.shuffle(practice)
    counted = _singles("counted", reals[half:], fakes[study.practice - half :])
    return practice, [*counted, *_singles("attention", [], study.broken)]


def _singles(part: Part, reals: Sequence[str], fakes: Sequence[str]) -> list[Trial]:
    return [
        *(Trial(part, (each,), "real") for each in reals),
        *(Trial(part, (each,), "fake") for each in fakes),
    ]
