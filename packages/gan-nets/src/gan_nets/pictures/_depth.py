"""Bits a channel of pictures that Pillow decodes to 8."""

from PIL.ImageFile import ImageFile

FLAGS = 2  # place of the byte in the box av1C whose bits 6 and 5 stand for 10 and 12 bits


def lost_depth(image: ImageFile, data: bytes) -> int | None:
    """The bits a channel that a file has, if Pillow decodes it to fewer.

    Those are AVIF and HEIC of 10 or 12 bits, and the colors of PPM above 255. PNG and TIFF of 16 bits are
    decoded otherwise.

    Args:
        image: as Pillow opened it, not decoded yet.
        data: the file's content.
    """
    bits = 8
    if image.format == "AVIF":
        _, found, box = data.partition(b"av1C")
        flags = box[FLAGS] if found else 0
        bits += 2 * (flags >> 6 & 1) + 2 * (flags >> 5 & 1)
    elif image.format == "HEIF":
        bits = image.info.get("bit_depth", 8)
    elif image.format == "PPM" and image.mode == "RGB":
        decoder, _, _, arguments = image.tile[0]
        bits = arguments[1].bit_length() if decoder == "ppm" else 8  # of the largest value
    return bits if bits > 8 else None
