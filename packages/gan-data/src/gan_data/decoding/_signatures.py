"""What a file holds, from its first bytes, whatever its suffix says."""

from typing import BinaryIO

from PIL.TiffImagePlugin import ImageFileDirectory_v2

HEAD = 1_048_576  # bytes; a JPEG's frame may follow large metadata
JPEG, TIFF = "JPEG", "TIFF"
SIGNATURES = (
    (0, b"\xff\xd8\xff", JPEG),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"GIF8", "GIF"),
    (0, b"BM", "BMP"),
    (8, b"WEBP", "WEBP"),
    *((0, mark, TIFF) for mark in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    (4, b"jP  ", "JPEG2000"),
    (0, b"\xffO\xffQ", "JPEG2000"),
    *((4, b"ftyp" + brand, "AVIF") for brand in (b"avif", b"avis")),
    *((4, b"ftyp" + brand, "HEIF") for brand in (b"heic", b"heix", b"hevc", b"heim", b"mif1", b"msf1")),
)
WEB_PAGE, LFS_POINTER = "a web page", "a pointer of Git LFS"
OTHERS = (
    (0, b"%!PS", "PostScript"),
    (0, b"\xc5\xd0\xd3\xc6", "PostScript"),
    (0, b"%PDF", "PDF"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"\xff\n", "JPEG XL"),
    (4, b"JXL ", "JPEG XL"),
    (4, b"ftypcrx", "a raw photo"),
    (0, b"FUJIFILMCCD-RAW", "a raw photo"),
    (0, b"v/1\x01", "OpenEXR"),
    (0, b"#?RADIANCE", "Radiance HDR"),
    (0, b"DDS ", "DirectDraw textures"),
    (0, b"\0\0\1\0", "an icon"),
    (4, b"ftyp", "a video"),
    (0, b"\x1aE\xdf\xa3", "a video"),
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"version https://git-lfs", LFS_POINTER),
)
UNUSUAL_FRAMES = {0xC3: "lossless"} | dict.fromkeys(
    (0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF), "hierarchical"
)
NUMBERS = {2: "signed integers", 3: "floats"}
PHOTOMETRICS = {2: "RGB", 3: "palette", 5: "CMYK", 6: "YCbCr", 8: "Lab", 32_803: "raw"}


def format_of(head: bytes) -> str | None:
    """Pillow's name of the image format that these first bytes of a file are of."""
    return _name(head, SIGNATURES)


def other_content_of(head: bytes) -> str | None:
    """What else these first bytes of a file are known to be of: "PostScript", "a web page"."""
    text = head[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head")):
        return WEB_PAGE
    if b"<svg" in text:
        return "SVG"
    return _name(head, OTHERS)


def unusual_jpeg(head: bytes) -> str | None:
    """What is unusual about a JPEG: "12 bits a channel", "lossless"; None for what every decoder reads."""
    place = 2
    while place + 5 <= len(head) and head[place] == 0xFF:
        marker, length = head[place + 1], int.from_bytes(head[place + 2 : place + 4], "big")
        if marker in range(0xC0, 0xD0) and marker not in (0xC4, 0xC8, 0xCC):  # start of frame
            bits, channels = head[place + 4], head[place + 9 : place + 10]
            if bits != 8:
                return f"{bits} bits a channel"
            return f"{channels[0]} channels" if channels == b"\2" else UNUSUAL_FRAMES.get(marker)
        place += 2 + length
    return None


def tiff_layout(file: BinaryIO) -> tuple[str, int] | None:
    """How a TIFF stores its pixels, "3 x 32-bit floats, RGB", and its compression; None if unreadable."""
    try:
        file.seek(0)
        start = file.read(8)
        tags = ImageFileDirectory_v2(start + file.read(8) if start[2] == 43 else start)
        file.seek(tags.next)
        tags.load(file)
        bits, number = tags.get(258, (1,)), tags.get(339, (1,))[0]
        colors = PHOTOMETRICS.get(tags.get(262, 1), "gray")
        kind = NUMBERS.get(number, "integers")
        return f"{tags.get(277, 1)} x {max(bits)}-bit {kind}, {colors}", tags.get(259, 1)
    except Exception:  # a damaged header raises exceptions of all kinds
        return None


def _name(head: bytes, signatures: tuple[tuple[int, bytes, str], ...]) -> str | None:
    return next((name for at, mark, name in signatures if head.startswith(mark, at)), None)
