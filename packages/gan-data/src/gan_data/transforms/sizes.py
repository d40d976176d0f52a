"""Sizes in pixels, as the datasets take them. Needs no torch."""

from typing import Literal

Size = int | tuple[int, int]  # side of a square, or length of the shorter side; or (height, width); in pixels
LoadSize = Size | Literal["jitter"] | None


def checked_size(name: str, value: object) -> Size | None:
    """The option `name`: None, an integer, or a pair, which may be a list, as in YAML and JSON.

    Raises:
        ValueError: it is anything else.
    """
    match value:
        case None:
            return None
        case int() if value >= 1:
            return value
        case [int(height), int(width)] if min(height, width) >= 1:
            return height, width
        case _:
            raise ValueError(
                f"expected {name} to be a whole number of pixels, or two (height, width), at least 1; "
                f"got {value!r}"
            )


def loaded_size(load_size: object, size: Size | None) -> Size | None:
    """The option `load_size`; "jitter" is 286 pixels for each 256 of `size`, as in pix2pix and CycleGAN.

    Raises:
        ValueError: it is no size, or "jitter" without a size.
    """
    if load_size != "jitter":
        return checked_size("load_size", load_size)
    if size is None:
        raise ValueError('load_size="jitter" expects a size to enlarge; got None; give a size')
    if isinstance(size, int):
        return round(size * 286 / 256)
    return round(size[0] * 286 / 256), round(size[1] * 286 / 256)


def height_and_width(size: Size | None) -> tuple[int, int] | None:
    """A size as (height, width), with an integer as the side of a square."""
    return (size, size) if isinstance(size, int) else size
