"""The pictures that come with this repository, so that every example runs without a download.

README.md beside this file tells where they are from and under which licences.
"""

import csv
from pathlib import Path

_HERE = Path(__file__).resolve().parent


def flowers() -> Path:
    """Photographs of flowers, 32x32: `trainA` and `testA` are roses, `trainB` and `testB` sunflowers.

    Returns:
        The folder that holds the four: 446 and 100 roses, 500 and 100 sunflowers.

    Raises:
        ValueError: the folder is not there.
    """
    return _folder("flowers")


def emoji() -> Path:
    """Emoji, 64x64: `trainA` and `testA` are Noto's, `trainB` and `testB` Twemoji's.

    A picture of A and the one of B with the same name are the same emoji, the true counterpart that a
    translation can be compared with; nothing that learns from unpaired pictures may use it.

    Returns:
        The folder that holds the four: 1000 and 200 of each kind.

    Raises:
        ValueError: the folder is not there.
    """
    return _folder("emoji")


def people() -> frozenset[str]:
    """File names of the emoji of faces, feelings, hands and people: 259 to learn from, 57 to test with.

    Raises:
        ValueError: the emoji are not there.
    """
    groups = ("Smileys & Emotion", "People & Body")  # Unicode's
    with (emoji() / "names.csv").open(encoding="utf-8", newline="") as names:
        return frozenset(row["file"] for row in csv.DictReader(names) if row["category"] in groups)


def animals() -> Path:
    """129 animals and plants rendered in 3D, 256x256 on white: few pictures to draw new ones after.

    Returns:
        The folder.

    Raises:
        ValueError: the folder is not there.
    """
    return _folder("animals")


def _folder(name: str) -> Path:
    folder = _HERE / name
    if not folder.is_dir():
        raise ValueError(f"{folder}: expected the pictures that come with the repository; check it out anew")
    return folder
