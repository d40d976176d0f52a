"""A study as it is stored: its settings, and which of its pictures are real."""

import json
import re
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeAlias

Mode: TypeAlias = Literal["pairs", "single"]
Pairing: TypeAlias = Literal["names", "random"]

STUDY, ANSWERS, PICTURES = "study.json", "answers.jsonl", "pictures"
FORMAT = 1
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Study:
    """One study.

    Attributes:
        id: of this study; the files of answers name it.
        title: of the page.
        consent: what a participant agrees to; paragraphs are divided by empty lines.
        mode: a real and a fake picture side by side, or one picture at a time.
        seconds: how long the pictures are shown; 0 is without limit.
        practice: number of pairs, or of single pictures, with feedback.
        counted: number of those that count.
        attention: number of attention checks among those that count.
        seed: of all that is random, besides the names of pictures and participants.
        aspect: width / height of the pictures' place on the page.
        pairing: for each algorithm, whether a fake stands beside the real picture of the same name.
        real: the real pictures, from their ids to their own names.
        fake: the same for each algorithm.
        broken: the ids of pictures that are obviously no real ones, for the attention checks.
        partners: from the ids of fakes to the real pictures of the same name.
    """

    id: str
    title: str
    consent: str
    mode: Mode
    seconds: float
    practice: int
    counted: int
    attention: int
    seed: int
    aspect: float
    pairing: dict[str, Pairing]
    real: dict[str, str]
    fake: dict[str, dict[str, str]]
    broken: list[str]
    partners: dict[str, str]

    @property
    def trials(self) -> int:
        """How many times a participant answers."""
        return self.practice + self.counted + self.attention

    @cached_property
    def pictures(self) -> frozenset[str]:
        """The ids of all pictures."""
        return frozenset(self.real).union(self.broken, *self.fake.values())


def write_study(study: Study, folder: Path) -> None:
    """Write the description of a study into its folder."""
    text = json.dumps({"format": FORMAT, **asdict(study)}, indent=1, ensure_ascii=False)
    (folder / STUDY).write_text(text + "\n", encoding="utf-8")


def read_study(folder: Path) -> Study:
    """The study in a folder.

    Raises:
        ValueError: it is no study, or of another version.
        OSError: it cannot be read.
    """
    file = folder / STUDY
    if not file.is_file():
        raise ValueError(f"{folder}: expected a folder that `gan-metrics study make` made; it has no {STUDY}")
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        if (version := stored.pop("format")) != FORMAT:
            raise ValueError(f"its format is {version}, this version reads {FORMAT}")
        study = Study(**stored)
        if not all(map(_ID.fullmatch, study.pictures)):
            raise ValueError("a picture's id is not 32 hexadecimal digits")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{file}: is damaged ({error}); make the study again") from None
    return study


def picture_path(folder: Path, picture: str) -> Path:
    """The file of a picture of a study."""
    return folder / PICTURES / f"{picture}.png"


def check_pictures(study: Study, folder: Path) -> None:
    """Refuse a study whose pictures are not all files of its own folder.

    Raises:
        ValueError: one is missing, or is a link.
    """
    for picture in sorted(study.pictures):
        path = picture_path(folder, picture)
        if path.is_symlink() or path.parent.is_symlink() or not path.is_file():
            raise ValueError(f"{path}: expected a picture of the study; copy the whole folder again")
