"""Luma and chroma, apart and together: the halves of a colourisation network's work."""

import torch
from torch import Tensor

from gan_colorspace._image import check_image


def split(image: Tensor) -> tuple[Tensor, Tensor]:
    """Parts a luma-first image (YCrCb or Lab) into the plane that is given and the two to be predicted.

    Args:
        image: (N, 3, H, W) or (3, H, W), first plane luma or lightness.

    Returns:
        luma (N, 1, H, W) and chroma (N, 2, H, W), or the same without N; views of `image`.

    Raises:
        ValueError: the shape or the dtype is another.
    """
    check_image(image, 3, "split")
    luma, chroma = image.split([1, 2], dim=-3)
    return luma, chroma


def merge(luma: Tensor, chroma: Tensor) -> Tensor:
    """Joins what `split` parted; the wider of the two dtypes wins (float32 luma, bfloat16 chroma: float32).

    Args:
        luma: (N, 1, H, W) or (1, H, W).
        chroma: (N, 2, H, W) or (2, H, W), of the same batch and size.

    Returns:
        (N, 3, H, W) or (3, H, W).

    Raises:
        ValueError: a shape or a dtype is another, or batch, height or width differ.
    """
    check_image(luma, 1, "merge (luma)")
    check_image(chroma, 2, "merge (chroma)")
    if luma.shape[:-3] != chroma.shape[:-3] or luma.shape[-2:] != chroma.shape[-2:]:
        raise ValueError(
            "merge expects luma and chroma of one batch, height and width; "
            f"got {tuple(luma.shape)} and {tuple(chroma.shape)}; resize or index one of them to fit"
        )
    return torch.cat([luma, chroma], dim=-3)
