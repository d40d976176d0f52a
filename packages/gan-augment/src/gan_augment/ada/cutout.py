"""ADA's cutout."""

import torch
from torch import Tensor

from gan_augment.base.images import check_images, per_image


def blank(images: Tensor, center: Tensor, ratio: float) -> Tensor:
    """Set a rectangle to zero; it may extend beyond the image (ADA, Karras et al. 2020, appendix B).

    Args:
        images: (N, C, H, W).
        center: (N, 2) the rectangle's center, from the left and the top, as fractions of the width and the
            height. A pixel belongs to the rectangle if the pixel's own center does.
        ratio: the rectangle's sides as a fraction of the image's.

    Returns:
        Of the images' shape and dtype.

    Raises:
        ValueError: `images` is not such a tensor, or there is not one center for each image.

    Examples:
        >>> center = torch.tensor([[0.0, 0.5]])  # the middle of the left side
        >>> blank(torch.ones(1, 1, 4, 4), center, 0.5)[0, 0]
        tensor([[1., 1., 1., 1.],
                [0., 1., 1., 1.],
                [0., 1., 1., 1.],
                [1., 1., 1., 1.]])
    """
    check_images(images)
    if center.shape != (len(images), 2):
        raise ValueError(
            f"expected centers of shape ({len(images)}, 2), one for each image; got {tuple(center.shape)}; "
            "sample parameters for the batch that you augment"
        )
    x, y = center.unbind(1)
    horizontal = _distance(x, images.shape[-1], images) < ratio / 2
    vertical = _distance(y, images.shape[-2], images) < ratio / 2
    return torch.where(vertical.mT & horizontal, 0, images)


def _distance(center: Tensor, length: int, images: Tensor) -> Tensor:
    """(N, 1, 1, length): the distance of each pixel's center to `center`, both as fractions of the side."""
    positions = (torch.arange(length, device=images.device) + 0.5) / length
    return (positions - per_image(center, images)).abs()
