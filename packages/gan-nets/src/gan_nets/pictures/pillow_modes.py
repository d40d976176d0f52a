"""Pillow's pictures of any mode as arrays, and back: the same mode, upright, with profile and EXIF."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps
from torch import Tensor

from gan_nets.pictures.arrays import Work, through_array

SEEN_AS = {  # what the other modes are converted to
    "LA": "LA", "La": "LA", "RGB": "RGB", "RGBA": "RGBA", "RGBa": "RGBA", "RGBX": "RGB",
    "YCbCr": "RGB", "HSV": "RGB", "L": "L", "1": "L", "P": "RGB", "PA": "RGBA",
}  # fmt: skip
WITH_ALPHA = {"L": "LA", "RGB": "RGBA"}
PROFILES = {"L": b"GRAY", "I": b"GRAY", "1": b"GRAY", "C": b"CMYK"}  # by a mode's first letter; else RGB
# Tags of a TIFF that tell how its pixels are stored, which is not how the result's are.
STORAGE = {254, 255, 259, 262, 266, 273, *range(277, 282), 284, 317, 320, 330, 338, 339, 347}
STORAGE |= {258, 322, 323, 324, 325, *range(512, 522), 529, 530, 531, 532, 34_675}


def through_image(work: Work, image: Image.Image, *, rgb: bool) -> Image.Image:
    """A picture of Pillow's; see `translate` for what becomes of its mode."""
    upright = set_upright(image)
    if upright.mode == "CMYK":
        result = _through_inks(work, upright, rgb=rgb)
    elif upright.mode.startswith("I"):
        result = _through_deep(work, upright)
    else:
        seen = _as_seen(upright)
        result = Image.fromarray(through_array(work, np.asarray(seen), None))
        result = result if rgb else _in_mode(result, upright.mode)
    result.info |= described(image, upright, result)
    return result


def set_upright(image: Image.Image) -> Image.Image:
    """The picture as it is to be seen, whichever way the camera was held."""
    image.load()
    return ImageOps.exif_transpose(image)


def _as_seen(image: Image.Image) -> Image.Image:
    if image.mode not in SEEN_AS:
        known = "grey, palette, RGB or CMYK of 8 or 16 bits"
        raise ValueError(f"expected a picture in {known}; got Pillow's mode {image.mode}; convert it first")
    seen = SEEN_AS[image.mode]
    if image.has_transparency_data:
        seen = WITH_ALPHA.get(seen, seen)
        if image.mode == "1":  # Pillow can't tell which of its two is transparent
            image = image.convert("L")
    return image.convert(seen)


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    """The result in the picture's mode, where it has as many colours and no more."""
    if mode == "1" and image.mode == "L":
        return image.point([0] * 128 + [255] * 128, "1")
    if mode in ("P", "PA"):
        return _in_palette(image)
    return image.convert(mode) if mode in ("YCbCr", "HSV") and image.mode == "RGB" else image


def _in_palette(image: Image.Image) -> Image.Image:
    """Exactly, if there are no more than 256 colours; else in the 256 that come nearest."""
    pixels = np.asarray(image.convert("RGBA"))
    colors, places = np.unique(pixels.view(np.uint32), return_inverse=True)
    if len(colors) > 256:
        alpha = image.mode.endswith("A")
        method = Image.Quantize.FASTOCTREE if alpha else Image.Quantize.MEDIANCUT
        return image.convert("RGBA" if alpha else "RGB").quantize(256, method=method)
    result = Image.frombytes("P", image.size, places.astype(np.uint8).tobytes())
    rows = colors.view(np.uint8).reshape(-1, 4)
    result.putpalette(rows[:, :3].tobytes())
    if rows[:, 3].min() < 255:
        result.info["transparency"] = rows[:, 3].tobytes()
    return result


def _through_deep(work: Work, image: Image.Image) -> Image.Image:
    """16 bits of grey. A result in colours, which Pillow has no 16 bits for, is of 8."""
    result = through_array(work, deep_grey(image), None)
    if result.ndim == 3:
        return Image.fromarray((result / 257).round().astype(np.uint8))
    return Image.fromarray(result.astype({"I": np.int32, "I;16B": ">u2"}.get(image.mode, np.uint16)))


def deep_grey(image: Image.Image) -> NDArray:
    """(H, W) uint16 of a picture in mode I or I;16."""
    levels = np.asarray(image)
    if levels.min() < 0 or levels.max() > 65_535:
        found = f"{levels.min()} to {levels.max()}"
        raise ValueError(f"expected grey of at most 16 bits, 0 to 65535; got {found}; scale it")
    return levels.astype(np.uint16)


def _through_inks(work: Work, image: Image.Image, *, rgb: bool) -> Image.Image:
    """CMYK as the RGB that its inks leave of white paper, and back with the picture's own black."""
    inks = _tensor(image) / 255
    color, beside = work(2 * (1 - inks[:, :3]) * (1 - inks[:, 3:]) - 1, 2 * inks - 1)
    if rgb or color.shape[1] == 1 or beside is None:
        return _image((color + 1) / 2)
    color, inks = (color + 1) / 2, (beside + 1) / 2
    # As much of the picture's own black as the new colour leaves room for, and the rest in colours.
    black = torch.minimum(inks[:, 3:], 1 - color.amax(1, keepdim=True))
    light = 1 - black
    others = torch.where(light > 0, 1 - color / light.clamp(min=1e-6), inks[:, :3])
    return _image(torch.cat([others, black], dim=1), mode="CMYK")


def _tensor(image: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(image, dtype=np.float32)).permute(2, 0, 1)[None]


def _image(x: Tensor, mode: str | None = None) -> Image.Image:
    levels = (255 * x[0].permute(1, 2, 0)).round().clamp(0, 255).to(torch.uint8).numpy()
    if mode is None:
        return Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels)
    return Image.frombytes(mode, levels.shape[1::-1], levels.tobytes())


def described(image: Image.Image, upright: Image.Image, result: Image.Image) -> dict[str, Any]:
    """What the result's `info` takes over: resolution, EXIF, and the profile if it is for such colours."""
    kept = {key: upright.info[key] for key in ("dpi",) if key in upright.info}
    profile = upright.info.get("icc_profile")
    if profile and profile[16:20] == PROFILES.get(result.mode[0], b"RGB "):
        kept["icc_profile"] = profile
    exif = kept_exif(image, result.size)
    return kept | ({"exif": exif.tobytes()} if len(exif) else {})


def kept_exif(image: Image.Image, size: tuple[int, int]) -> Image.Exif:
    """The picture's EXIF for an upright result of (width, height), without a thumbnail of the old one."""
    exif = Image.Exif()
    exif.load(image.getexif().tobytes())
    left_out = {ExifTags.Base.Orientation} | (STORAGE if image.format == "TIFF" else set())
    for tag in left_out.intersection(exif):
        del exif[tag]
    details = exif.get_ifd(ExifTags.IFD.Exif) if ExifTags.IFD.Exif in exif else {}
    for tags, names in (
        (exif, ("ImageWidth", "ImageLength")),
        (details, ("ExifImageWidth", "ExifImageHeight")),
    ):
        for name, side in zip(names, size, strict=True):
            if ExifTags.Base[name] in tags:
                tags[ExifTags.Base[name]] = side
    return exif
