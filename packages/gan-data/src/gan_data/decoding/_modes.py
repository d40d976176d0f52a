"""From whatever mode a file has to 8-bit RGB, or to one whole number for each pixel."""

from collections.abc import Callable

from PIL import Image
from PIL.ImageFile import ImageFile

from gan_data.decoding.diagnosis import UnsuitableError
from gan_data.decoding.picture import QUARTER_TURNED, orientation_of
from gan_data.decoding.values import require_interleaved, require_true_values

LOSSY = frozenset({"JPEG", "MPO"})
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # by orientation
GRAY_STEPS = {"L;2": 85, "L;4": 17}  # by which Pillow multiplies levels of 2 and 4 bits
FROM_16_BITS = [(level + 128) // 257 for level in range(65_536)]  # to 8 bits, rounded


def to_rgb(image: ImageFile) -> Image.Image:
    """The image upright, in mode RGB, with transparent pixels on white."""
    require_true_values(image)
    require_interleaved(image)
    _match_transparency(image)
    image.load()  # the first image of an animation, or of a document with pages
    upright = _upright(image)
    if upright.mode.startswith("I"):
        return _from_16_bits(upright).convert("RGB")
    if upright.mode == "F":
        raise UnsuitableError(
            "holds floating-point values of unknown range, which are not supported",
            "save it with 8 or 16 bits",
        )
    if upright.has_transparency_data:
        # White, as on paper and on a web page: most such images were drawn for it.
        white = Image.new("RGBA", upright.size, "white")
        return Image.alpha_composite(white, upright.convert("RGBA")).convert("RGB")
    return upright.convert("RGB")


def reduce_jpeg(image: ImageFile, needed: Callable[[int, int], tuple[int, int]]) -> None:
    """Let a JPEG be decoded at 1/2, 1/4 or 1/8 of its size, at least twice as large as `needed` of it.

    Only at a part that divides both sides: then the image has the same proportions and no column more.
    """
    if image.format not in LOSSY:
        return
    width, height = image.size
    turned = orientation_of(image) in QUARTER_TURNED
    down, across = reversed(needed(width, height)) if turned else needed(height, width)
    for part in (8, 4, 2):
        small = width // part, height // part
        divides = (small[0] * part, small[1] * part) == image.size
        if divides and small[0] >= 2 * across and small[1] >= 2 * down:
            image.draft(None, small)  # type: ignore[arg-type]  # None keeps the mode
            return


def to_labels(image: ImageFile) -> Image.Image:
    """The numbers as they are stored, upright, in mode I; of a palette the indices, not the colors."""
    if image.format in LOSSY:
        raise UnsuitableError(f"is a {image.format}, which alters labels", "save the map as PNG")
    step = GRAY_STEPS.get(_layout(image), 1)
    image.load()
    upright = _upright(image)
    if step > 1:
        upright = upright.point([level // step for level in range(256)])
    if upright.mode == "P":
        upright = Image.frombytes("L", upright.size, upright.tobytes())
    if upright.mode == "1":
        upright = upright.convert("L").point([0] * 255 + [1])
    if upright.mode != "L" and not upright.mode.startswith("I"):
        raise UnsuitableError(
            f"holds colors ({upright.mode}), not one label for each pixel",
            "save the class numbers as a gray or palette PNG",
        )
    return upright.convert("I")


def _upright(image: Image.Image) -> Image.Image:
    turn = TURNS.get(orientation_of(image))
    return image if turn is None else image.transpose(turn)


def _match_transparency(image: ImageFile) -> None:
    """Bring the color that a PNG declares transparent to the depth of the pixels that Pillow decodes."""
    if image.format != "PNG" or "transparency" not in image.info:
        return
    layout = _layout(image)
    if layout == "RGB;16B":
        raise UnsuitableError(
            "declares a 16-bit color transparent, which 8 bits cannot distinguish from similar ones",
            "save it with an alpha channel or 8 bits",
        )
    if layout in GRAY_STEPS:
        image.info["transparency"] *= GRAY_STEPS[layout]


def _layout(image: ImageFile) -> str:
    """How the file stores the pixels, such as "L;4" for 4-bit gray; known until they are decoded."""
    arguments = image.tile[0][3] if image.tile else ""
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)


def _from_16_bits(image: Image.Image) -> Image.Image:
    """0..65535 to 0..255, rounded. Pillow's own conversion would clip everything above 255 to white."""
    levels = image.convert("I")
    low, high = levels.getextrema()
    if low < 0 or high > 65_535:  # type: ignore[operator]
        raise UnsuitableError(
            f"holds integers from {low} to {high}, beyond 16 bits", "save it with 8 or 16 bits"
        )
    table = FROM_16_BITS.copy()
    if "transparency" in image.info:
        table[image.info["transparency"]] = 255  # white, as above
    return levels.point(table, "L")
