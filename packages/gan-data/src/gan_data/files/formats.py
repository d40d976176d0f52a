"""The formats of images that this repository reads, in one list."""

from functools import cache
from importlib import import_module
from typing import NamedTuple

from PIL import Image


class Format(NamedTuple):
    """A format of image files.

    Attributes:
        module: the module that registers it with Pillow.
        suffixes: of its files, in lower case.
    """

    module: str
    suffixes: tuple[str, ...]


# Only formats of pictures, each decoded within the process: PostScript would start Ghostscript, and for
# others Pillow has no decoder of its own. They are tried in this order; TGA, without signature, is last.
FORMATS = {
    "JPEG": Format("PIL.JpegImagePlugin", (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo")),
    "PNG": Format("PIL.PngImagePlugin", (".png", ".apng")),
    "WEBP": Format("PIL.WebPImagePlugin", (".webp",)),
    "TIFF": Format("PIL.TiffImagePlugin", (".tif", ".tiff")),
    "BMP": Format("PIL.BmpImagePlugin", (".bmp",)),
    "DIB": Format("PIL.BmpImagePlugin", (".dib",)),
    "GIF": Format("PIL.GifImagePlugin", (".gif",)),
    "PPM": Format("PIL.PpmImagePlugin", (".pbm", ".pgm", ".pnm", ".ppm")),
    "JPEG2000": Format("PIL.Jpeg2KImagePlugin", (".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx")),
    "AVIF": Format("PIL.AvifImagePlugin", (".avif", ".avifs")),  # Pillow 11.3
    "HEIF": Format("pillow_heif.HeifImagePlugin", (".heic", ".heif", ".hif")),  # the extra `heic`
    "PCX": Format("PIL.PcxImagePlugin", (".pcx",)),
    "QOI": Format("PIL.QoiImagePlugin", (".qoi",)),
    "SGI": Format("PIL.SgiImagePlugin", (".sgi",)),
    "TGA": Format("PIL.TgaImagePlugin", (".tga",)),
}
FORMAT_OF_SUFFIX = {suffix: name for name, each in FORMATS.items() for suffix in each.suffixes}
IMAGE_SUFFIXES = frozenset(FORMAT_OF_SUFFIX)
"""The suffixes of all formats that are read, in lower case, with their dot."""


@cache
def image_formats() -> tuple[str, ...]:
    """The formats of this list that can be decoded here, for `PIL.Image.open(file, formats=image_formats())`.

    A file in any other format is then not opened, whatever its suffix is. AVIF needs Pillow 11.3, and HEIC
    pillow-heif, which is the extra `heic`.

    Examples:
        >>> "PNG" in image_formats(), "JPEG" in image_formats()
        (True, True)
    """
    for each in FORMATS.values():
        try:
            import_module(each.module)
        except ImportError:  # an older Pillow, or the extra is not installed
            continue
    return tuple(name for name in FORMATS if name in Image.OPEN)
