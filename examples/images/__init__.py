"""The images that come with this repository, so that every recipe runs without a download.

README.md beside this file has their sources and licenses.
"""

import csv
from pathlib import Path
from typing import Literal

from gan_data import find_images

_HERE = Path(__file__).resolve().parent

Domains = tuple[list[Path], list[Path]]

# The classes of the portraits' label maps, by label, and their colors in the painted maps.
PORTRAIT_COLORS: dict[str, tuple[int, int, int]] = {
    "background": (255, 255, 255),
    "skin": (240, 190, 150),
    "hair": (90, 60, 200),
    "eyes": (20, 200, 60),
    "eyebrows": (255, 160, 0),
    "mouth": (220, 20, 60),
    "glasses": (0, 180, 220),
    "earrings": (255, 0, 255),
    "features": (120, 120, 120),  # freckles, blush, beard
}


def photographs() -> tuple[list[Path], list[Path]]:
    """Photographs of landscapes, animals, buildings and things, of a shorter side of at most 448 pixels.

    Returns:
        Files to train on and files to test with: 27 and 6.

    Raises:
        ValueError: the folder is missing.
    """
    folder = _folder("photographs")
    return find_images(folder / "train"), find_images(folder / "test")


def emoji() -> Path:
    """Emoji, 64x64: `trainA` and `testA` are Noto's, `trainB` and `testB` Twemoji's.

    An image of A and the one of B with the same name are the same emoji: true counterparts, with which a
    translation can be compared. Training on unpaired images must not use that.

    Returns:
        The folder that holds the four: 1000 and 200 of each kind.

    Raises:
        ValueError: the folder is missing.
    """
    return _folder("emoji")


def emoji_domains(kind: Literal["people", "all"]) -> tuple[Domains, Domains]:
    """Files of Noto's (A) and Twemoji's (B) emoji: ((train_a, train_b), (test_a, test_b)).

    Args:
        kind: "people" for faces, feelings, hands and people (259 of each kind to train on, 57 to test with),
            or "all" (1000 and 200).

    Raises:
        ValueError: the emoji are missing.
    """
    people = _people() if kind == "people" else None

    def files(folder: str) -> list[Path]:
        found = find_images(emoji() / folder)
        return [file for file in found if people is None or file.name in people]

    return (files("trainA"), files("trainB")), (files("testA"), files("testB"))


def _people() -> frozenset[str]:
    groups = ("Smileys & Emotion", "People & Body")  # Unicode's
    with (emoji() / "names.csv").open(encoding="utf-8", newline="") as names:
        return frozenset(row["file"] for row in csv.DictReader(names) if row["category"] in groups)


def portraits() -> Path:
    """Drawn faces and their label maps, 128x128: `trainA` and `testA` are label maps, the B the pictures.

    A map and a picture of the same name belong together. A map is a palette PNG: as integers it has the
    labels 0 to 8, and as RGB it is painted in `PORTRAIT_COLORS`.

    Returns:
        The folder that holds the four: 1800 and 200 of each kind.

    Raises:
        ValueError: the folder is missing.
    """
    return _folder("portraits")


def animals() -> Path:
    """129 animals and plants rendered in 3D, 256x256 on white: a small set to generate new ones from.

    Returns:
        The folder.

    Raises:
        ValueError: the folder is missing.
    """
    return _folder("animals")


def _folder(name: str) -> Path:
    folder = _HERE / name
    if not folder.is_dir():
        raise ValueError(f"{folder}: expected the images of this repository; check it out again")
    return folder
