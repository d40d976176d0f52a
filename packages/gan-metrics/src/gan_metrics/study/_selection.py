"""Which pictures take part in a study, and which stand beside which."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gan_metrics.study._pictures import find_pictures
from gan_metrics.study._study import Pairing
from gan_metrics.study._trials import needed_pictures
from gan_metrics.study.settings import Settings


@dataclass(frozen=True)
class Selection:
    """The pictures of a study, before they are copied.

    Attributes:
        real: the files of the real pictures by their names.
        fake: the same of the fakes of each algorithm.
        pairing: of each algorithm.
    """

    real: dict[str, Path]
    fake: dict[str, dict[str, Path]]
    pairing: dict[str, Pairing]


def select_pictures(real: Path, fakes: Mapping[str, Path], settings: Settings) -> Selection:
    """Choose the pictures of a study.

    If each fake of an algorithm has the name of a real picture, they are shown as pairs; otherwise any are.
    At most `settings.pictures` of a folder take part, chosen at random by their names, so that the fakes of
    several algorithms have the same names where they can.

    Raises:
        ValueError: a folder has too few pictures.
    """
    reals = find_pictures(real)
    found = {name: find_pictures(folder) for name, folder in fakes.items()}
    pairing: dict[str, Pairing] = {
        name: "names" if settings.mode == "pairs" and each.keys() <= reals.keys() else "random"
        for name, each in found.items()
    }
    chosen = {name: _choose(each, settings) for name, each in found.items()}
    names = {key for name, each in chosen.items() if pairing[name] == "names" for key in each}
    if "random" in pairing.values():
        names |= _choose(reals, settings).keys()
    reals = {name: reals[name] for name in sorted(names)}
    real_count, fake_count = needed_pictures(settings.mode, settings.practice, settings.counted)
    for name, each in chosen.items():  # before the real ones, which may be as few because of their names
        _require(fakes[name], len(each), fake_count, settings)
    _require(real, len(reals), real_count, settings)
    return Selection(reals, chosen, pairing)


def _choose(found: Mapping[str, Path], settings: Settings) -> dict[str, Path]:
    def rank(name: str) -> bytes:
        return hashlib.sha256(f"{settings.seed} {name}".encode(errors="surrogateescape")).digest()

    return {name: found[name] for name in sorted(sorted(found, key=rank)[: settings.pictures])}


def _require(folder: Path, count: int, needed: int, settings: Settings) -> None:
    if count < needed:
        shown = f"{settings.practice} for practice and {settings.counted} that count"
        more = "raise --pictures" if count == settings.pictures else "add pictures"
        raise ValueError(
            f"{folder}: expected at least {needed} pictures, since each participant is shown {shown}; got "
            f"{count}; {more}, or lower --practice or --counted"
        )
