"""Kinds of images that Pillow decodes without an error, but to wrong values."""

from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, SAMPLEFORMAT, TiffImageFile

from gan_data.decoding.diagnosis import CONVERT, UnsuitableError

CODESTREAM = b"\xffO\xffQ"  # the first two markers of JPEG 2000
COMPONENTS = 36  # place of the number of components behind them; three bytes for each follow
SIGNED, WHITE_IS_ZERO = 2, 0  # values of TIFF's tags
PLANAR_CONFIGURATION, SEPARATE = 284, 2


def require_true_values(image: ImageFile) -> None:
    """Refuse an image whose colors Pillow decodes to wrong values.

    Those are TIFFs in gray of more than 8 bits that are signed, not of 16 or 32 bits, or 0 for white, and
    JPEG 2000 in color of more than 8 bits.

    Args:
        image: as `open_picture` opened it, not decoded yet.

    Raises:
        UnsuitableError: it is one of them; `diagnose` has the sentence for it.

    Examples:
        >>> write_image("a.png", torch.zeros(3, 8, 16))
        >>> with open("a.png", "rb") as file:
        ...     require_true_values(open_picture(file))  # nothing to refuse
    """
    if isinstance(image, TiffImageFile) and image.mode.startswith("I"):
        kind = _unusual_gray(image)
    elif image.format == "JPEG2000" and not image.mode.startswith("I"):
        kind = _deep_colors(image)
    else:
        kind = None
    if kind:
        raise _unsupported(image.format, kind)


def require_interleaved(image: ImageFile) -> None:
    """Refuse a TIFF in color of 16 bits whose planes are separate, which Pillow garbles.

    Raises:
        UnsuitableError: it is one.
    """
    if not isinstance(image, TiffImageFile):
        return
    separate = image.tag_v2.get(PLANAR_CONFIGURATION) == SEPARATE
    if separate and max(image.tag_v2.get(BITSPERSAMPLE, (1,))) > 8:
        raise UnsuitableError(
            "is a TIFF of a kind that is not supported (separate planes of 16 bits)", CONVERT
        )


def _unsupported(name: str | None, kind: str) -> UnsuitableError:
    return UnsuitableError(f"is a {name} of a kind that is not supported ({kind})", CONVERT)


def _unusual_gray(image: TiffImageFile) -> str | None:
    (bits, *_), (number, *_) = image.tag_v2.get(BITSPERSAMPLE, (1,)), image.tag_v2.get(SAMPLEFORMAT, (1,))
    if bits not in (16, 32):
        return f"gray of {bits} bits"
    if number == SIGNED and bits == 16:
        return "gray of 16 bits, signed"
    if image.tag_v2.get(PHOTOMETRIC_INTERPRETATION) == WHITE_IS_ZERO:
        return f"gray of {bits} bits, 0 for white"
    return None


def _deep_colors(image: ImageFile) -> str | None:
    file = image.fp
    place = file.tell()
    file.seek(0)
    _, mark, sizes = file.read(65_536).partition(CODESTREAM)
    file.seek(place)
    count = int.from_bytes(sizes[COMPONENTS : COMPONENTS + 2], "big")
    bits = [(depth & 0x7F) + 1 for depth in sizes[COMPONENTS + 2 :: 3][:count]] if mark else []
    return f"colors of {max(bits)} bits" if max(bits, default=8) > 8 else None
