"""The images that come with this repository, so that every recipe runs without a download.

README.md beside this file has their sources and licenses.
"""

from collections.abc import Sequence
from pathlib import Path

from gan_data import find_images

_HERE = Path(__file__).resolve().parent

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


def photographs() -> tuple[Sequence[Path], Sequence[Path]]:
    """Photographs of landscapes, animals, people and things, of a shorter side of at most 448 pixels.

    Returns:
        Files to train on and files to test with: 50 and 7.

    Raises:
        ValueError: the folder is missing.
    """
    folder = _folder("photographs")
    return find_images(folder / "train"), find_images(folder / "test")


def emoji() -> Path:
    """Emoji of faces, feelings, hands and people, 64x64: `trainA` and `testA` are Noto's, the B Twemoji's.

    An image of A and the one of B with the same name are the same emoji: true counterparts, with which a
    translation can be compared. Training on unpaired images must not use that.

    Returns:
        The folder that holds the four: 259 and 57 of each kind.

    Raises:
        ValueError: the folder is missing.
    """
    return _folder("emoji")


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
