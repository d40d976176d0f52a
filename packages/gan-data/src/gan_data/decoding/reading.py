"""Reading image files as tensors."""

from os import PathLike
from pathlib import Path

from torch import Tensor

from gan_data.decoding.opening import open_labels, open_rgb
from gan_data.decoding.tensors import from_pillow, from_uint8, labels_from_pillow


def read_image(path: str | PathLike[str]) -> Tensor:
    """The image in a file, upright, as RGB.

    The camera's orientation is applied; gray, palette and CMYK images become RGB; transparent pixels become
    white; 16 bits are scaled to 8. Of an animation the first image is read. Color profiles are not applied.

    Args:
        path: a file of one of the formats of `image_formats`.

    Returns:
        (3, H, W) float32 in [-1, 1].

    Raises:
        DataError: the file is missing, not an image, truncated or corrupt.

    Examples:
        >>> write_image("a.png", torch.zeros(1, 4, 8))  # gray
        >>> read_image("a.png").shape  # RGB
        torch.Size([3, 4, 8])
    """
    return from_uint8(from_pillow(open_rgb(Path(path))))


def read_labels(path: str | PathLike[str]) -> Tensor:
    """The label or instance map in a file: one integer for each pixel, as stored.

    Gray files of up to 16 bits store the numbers themselves; from palette files the palette indices are read,
    not the colors.

    Args:
        path: a file of one of the lossless formats of `image_formats`, usually PNG.

    Returns:
        (H, W) int64. `one_hot` and `boundary_map` turn it into planes for a network.

    Raises:
        DataError: the file is missing, not an image, corrupt, in color, or a JPEG, which alters labels.

    Examples:
        >>> from PIL import Image
        >>> Image.frombytes("L", (3, 1), bytes([0, 1, 255])).save("labels.png")
        >>> read_labels("labels.png")
        tensor([[  0,   1, 255]])
    """
    return labels_from_pillow(open_labels(Path(path))).long()
