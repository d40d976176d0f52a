"""Pictures as a study shows them: found in folders, and stored without anything besides their pixels."""

import random
from pathlib import Path, PurePath

from PIL import Image, ImageOps

# Each is decoded within the process; in the formats' own order of frequency.
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "PPM")
SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm", ".pgm", ".pbm"}
)
TILES = 16  # on each side of a broken picture


def find_pictures(folder: Path) -> dict[str, Path]:
    """The pictures in a folder and its subfolders by their names: relative paths without suffix, sorted.

    Hidden files and folders are passed over. Of two files whose names differ in the suffix alone, the
    second one keeps it.

    Raises:
        ValueError: there is no such folder, or no picture in it.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder}: expected a folder of pictures; this {_what(folder)}")
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder)
        if path.suffix.lower() in SUFFIXES and not _hidden(inner) and path.is_file():
            name = inner.with_suffix("").as_posix()
            found[inner.as_posix() if name in found else name] = path
    if not found:
        raise ValueError(f"{folder}: expected pictures ({', '.join(sorted(SUFFIXES))}); found none")
    return found


def open_clean(path: Path, longest: int) -> Image.Image:
    """A picture in RGB, upright, without metadata, and with transparent parts on white.

    Args:
        path: its file.
        longest: a picture with a longer side, in pixels, is reduced to it (Lanczos).

    Raises:
        ValueError: the file cannot be decoded.
    """
    try:
        with path.open("rb") as file, Image.open(file, formats=FORMATS) as opened:
            image = _to_rgb(ImageOps.exif_transpose(opened))
    except Exception as error:  # decoders of broken files raise exceptions of all kinds
        raise ValueError(f"{path}: cannot be read as a picture ({_reason(error)})") from None
    if max(image.size) > longest:
        image.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=None)
    # An image of its own: what Pillow read besides the pixels, color profiles too, would be saved again.
    return Image.frombytes("RGB", image.size, image.tobytes())


def break_picture(image: Image.Image, seed: str) -> Image.Image:
    """A picture cut into tiles that are shuffled and turned: nobody who looks takes it for a real one."""
    rng = random.Random(seed)
    width, height = (max(side // TILES, 1) for side in image.size)
    columns, rows = image.width // width, image.height // height
    places = [(x * width, y * height) for x in range(columns) for y in range(rows)]
    broken = Image.new("RGB", (columns * width, rows * height))
    for place, (x, y) in zip(places, rng.sample(places, len(places)), strict=True):
        tile = image.crop((x, y, x + width, y + height))
        broken.paste(tile.rotate(180) if rng.random() < 0.5 else tile, place)
    return broken


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits
        return image.convert("I").point([value // 257 for value in range(65536)], "L").convert("RGB")
    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers; save it with 8 bits a channel")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _hidden(path: PurePath) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _what(path: Path) -> str:
    return "is a file" if path.exists() else "does not exist"


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, Image.UnidentifiedImageError):
        return "it is empty, damaged or of another kind"
    return " ".join(str(error).split()) or type(error).__name__
