"""Splitting luma and chroma, and merging them: a colorization network reads one and predicts the other."""

import torch
from torch import Tensor

from gan_colorspace._image import check_image


def split(image: Tensor) -> tuple[Tensor, Tensor]:
    """Splits an image whose first plane is luma (YCrCb or Lab) into luma and chroma.

    Args:
        image: (N, 3, H, W) or (3, H, W), first plane luma or lightness.

    Returns:
        luma (N, 1, H, W) and chroma (N, 2, H, W), or the same without N; views of `image`.

    Raises:
        ValueError: the shape or the dtype is another.

    Examples:
        >>> luma, chroma = split(rgb_to_ycrcb(torch.zeros(2, 3, 8, 8)))
        >>> luma.shape, chroma.shape
        (torch.Size([2, 1, 8, 8]), torch.Size([2, 2, 8, 8]))
    """
    check_image(image, 3, "split")
    return image[..., :1, :, :], image[..., 1:, :, :]


def merge(luma: Tensor, chroma: Tensor) -> Tensor:
    """The inverse of `split`, in the wider of the two dtypes (float32 luma and bfloat16 chroma: float32).

    Args:
        luma: (N, 1, H, W) or (1, H, W).
        chroma: (N, 2, H, W) or (2, H, W), of the same batch and size.

    Returns:
        (N, 3, H, W) or (3, H, W).

    Raises:
        ValueError: a shape or a dtype is another, or batch, height or width differ.

    Examples:
        >>> merge(torch.zeros(2, 1, 8, 8), torch.zeros(2, 2, 8, 8)).shape
        torch.Size([2, 3, 8, 8])
    """
    check_image(luma, 1, "merge (luma)")
    check_image(chroma, 2, "merge (chroma)")
    if luma.shape[:-3] != chroma.shape[:-3] or luma.shape[-2:] != chroma.shape[-2:]:
        raise ValueError(
            "merge expects luma and chroma of the same batch, height and width; "
            f"got {tuple(luma.shape)} and {tuple(chroma.shape)}; resize or index one of them"
        )
    return torch.cat([luma, chroma], dim=-3)
