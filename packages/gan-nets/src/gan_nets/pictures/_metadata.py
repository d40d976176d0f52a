"""What a result keeps of a picture besides its pixels: EXIF, color profile and resolution."""

from dataclasses import dataclass
from typing import Any

from PIL import ExifTags, Image

PROFILES = {"L": b"GRAY", "I": b"GRAY", "1": b"GRAY", "C": b"CMYK"}  # by a mode's first letter; else RGB
# Tags that describe how a TIFF stores its pixels; the result is stored in its own way.
STORAGE = frozenset({
    254, 255, 258, 259, 262, 266, 273, *range(277, 282), 284, 317, 320, *range(322, 326), 330, 338, 339, 347,
    *range(512, 522), *range(529, 533), 34_675,
})  # fmt: skip


@dataclass(frozen=True)
class Metadata:
    """The EXIF, color profile and resolution of a picture.

    Attributes:
        exif: without orientation and thumbnail, in bytes.
        icc_profile: in bytes.
        dpi: pixels per inch, horizontal and vertical.
    """

    exif: bytes
    icc_profile: bytes | None
    dpi: tuple[float, float] | None

    def for_result(self, mode: str, size: tuple[int, int]) -> dict[str, Any]:
        """Entries of `Image.info` for a result in one of Pillow's modes, of (width, height).

        The profile is left out if it is for colors of another kind.
        """
        info: dict[str, Any] = {} if self.dpi is None else {"dpi": self.dpi}
        if self.icc_profile and self.icc_profile[16:20] == PROFILES.get(mode[0], b"RGB "):
            info["icc_profile"] = self.icc_profile
        exif = self.exif_for(size)
        return info | ({"exif": exif.tobytes()} if len(exif) else {})

    def exif_for(self, size: tuple[int, int]) -> Image.Exif:
        """The EXIF for a result of (width, height)."""
        exif = Image.Exif()
        exif.load(self.exif)
        details = exif.get_ifd(ExifTags.IFD.Exif) if ExifTags.IFD.Exif in exif else {}
        for tags, names in (
            (exif, (ExifTags.Base.ImageWidth, ExifTags.Base.ImageLength)),
            (details, (ExifTags.Base.ExifImageWidth, ExifTags.Base.ExifImageHeight)),
        ):
            for name, side in zip(names, size, strict=True):
                if name in tags:
                    tags[name] = side
        return exif
