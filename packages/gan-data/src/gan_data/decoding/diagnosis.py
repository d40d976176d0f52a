"""Why a file cannot be used, as a `Finding`: one wording for all that read images."""

import re
from pathlib import Path
from typing import IO

from PIL import Image, UnidentifiedImageError

from gan_data.base.errors import Finding
from gan_data.decoding import _signatures as signatures
from gan_data.files.formats import image_formats
from gan_data.files.regular import open_regular

CORRUPT = "copy it again or delete it"
CONVERT = "save it again as PNG, with 8 or 16 bits a channel"
MAX_PIXELS = "GAN_MAX_PIXELS"  # the environment variable, which worker processes inherit
NEEDED = {
    "AVIF": ("is AVIF, which this Pillow does not read", "install Pillow 11.3 or newer"),
    "HEIF": ("is HEIC, which needs pillow-heif", "pip install pillow-heif"),
}
COMPRESSIONS = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 32_773, 32_946})  # of TIFFs, which every libtiff reads
# Pillow's words for what is sound but beyond it, in errors that it also raises for corrupt files.
METADATA = re.compile(r"MAX_TEXT_|data too large", re.I)
UNSUPPORTED = re.compile(
    r"unsupported|not (yet )?supported|not available|cannot handle|unknown", re.IGNORECASE
)


class UnsuitableError(Exception):
    """The file is intact, but its content cannot be used."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy


def diagnose(path: Path, error: Exception) -> Finding:
    """The problem with a file that made Pillow or the system raise `error`, and the remedy.

    Args:
        path: the file; its first bytes are read again.
        error: what opening or decoding it raised.

    Returns:
        An error, whose `problem` and `remedy` are parts of one sentence: "a.png: is empty (0 bytes); copy".

    Examples:
        >>> from pathlib import Path
        >>> _ = Path("a.png").write_bytes(b"")
        >>> diagnose(Path("a.png"), OSError("cannot identify image file")).problem
        'is empty (0 bytes)'
    """
    if isinstance(error, OSError) and error.errno is not None:
        problem = f"cannot be opened ({error.strerror})"
        return Finding(path, "error", problem, "check the path and its permissions")
    try:
        with open_regular(path) as file:
            return Finding(path, "error", *explain(file, error))
    except OSError as unreadable:  # with a number, since it is of the system
        return diagnose(path, unreadable)


def explain(file: IO[bytes], error: Exception) -> tuple[str, str]:
    """The problem with what a file holds, and the remedy: what made Pillow raise `error`."""
    if isinstance(error, UnsuitableError):
        return error.problem, error.remedy
    if isinstance(error, Image.DecompressionBombError):
        return _too_many_pixels(str(error))
    file.seek(0)
    head = file.read(signatures.HEAD)
    name = signatures.format_of(head)
    unidentified = isinstance(error, UnidentifiedImageError)
    if not head:
        return "is empty (0 bytes)", CORRUPT
    if name is None and unidentified:
        return _no_image(signatures.other_content_of(head))
    if name in NEEDED and name not in image_formats():
        return NEEDED[name]
    if METADATA.search(str(error)):
        return "holds more metadata than is read", "save it again without it"
    if unsupported := _unsupported(name, file, head, error):
        return f"is a {name} of a kind that is not supported ({unsupported})", CONVERT
    return f"is truncated or corrupt ({'its header' if unidentified else error})", CORRUPT


def _no_image(content: str | None) -> tuple[str, str]:
    if content is None:
        return "is not an image, despite its name", "delete it, or save it again as an image"
    if content in (signatures.WEB_PAGE, signatures.LFS_POINTER):
        return f"holds {content} instead of an image", "download it again or delete it"
    return f"holds {content}, which is not read as an image", "save it as PNG, or remove it"


def _unsupported(name: str | None, file: IO[bytes], head: bytes, error: Exception) -> str | None:
    """What about a sound image is beyond Pillow; None if nothing seems to be."""
    if name == "JPEG":
        return signatures.unusual_jpeg(head)
    if name == "TIFF" and (found := signatures.tiff_layout(file)):
        layout, compression = found
        if isinstance(error, UnidentifiedImageError) or compression not in COMPRESSIONS:
            return f"{layout}, compression {compression}"
    return str(error) if UNSUPPORTED.search(str(error)) else None


def _too_many_pixels(message: str) -> tuple[str, str]:
    """From Pillow's message, which has both numbers."""
    pixels, limit = re.findall(r"\d+", message)[:2]
    problem = f"has more pixels than are safe to decode ({int(pixels):,}; the limit is {int(limit):,})"
    return problem, f"make it smaller, or allow it by setting {MAX_PIXELS}={pixels}"
