"""Sizes in pixels, as the datasets take them. Needs no torch."""

Size = int | tuple[int, int]  # side of a square, or length of the shorter side; or (height, width); in pixels


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


def height_and_width(size: Size | None) -> tuple[int, int] | None:
    """A size as (height, width), with an integer as the side of a square."""
    return (size, size) if isinstance(size, int) else size
