"""ADA's image-space filtering: amplifies the octaves of each image's spectrum."""

import torch
from torch import Tensor

from gan_augment.ada._separable import BLOCK, block_starts, filter_rows, reflect, taps_at
from gan_augment.ada._wavelet import SYM2, divide_spectrum
from gan_augment.base.images import check_images, widen

BANDS = divide_spectrum(SYM2, 4)  # (4, 43)


def amplify_bands(images: Tensor, gains: Tensor) -> Tensor:
    """Multiply four octaves of every image's spectrum by gains (Karras et al. 2020, appendix B).

    Rows and columns are filtered by the sum of the bands of the wavelet sym2, each times its gain. Beyond its
    borders the image is reflected.

    Gradients of any order are with respect to the images.

    Args:
        images: (N, C, H, W), H and W at least 2.
        gains: (N, 4) for frequencies of up to 1/8, 1/4, 1/2 and 1 of the highest, in this order.

    Returns:
        Of the images' shape and dtype.

    Raises:
        ValueError: `images` or `gains` is not such a tensor.

    Examples:
        >>> image = torch.rand(1, 3, 16, 16)
        >>> same = amplify_bands(image, torch.ones(1, 4))
        >>> torch.allclose(same, image, atol=1e-5)
        True
    """
    check_images(images, smallest=2)
    if gains.shape != (len(images), len(BANDS)):
        raise ValueError(
            f"expected gains of shape ({len(images)}, {len(BANDS)}), one for each image and octave; "
            f"got {tuple(gains.shape)}; sample parameters for the batch that you augment"
        )
    wide = widen(images)
    with torch.autocast(images.device.type, enabled=False):
        taps = gains.to(wide) @ BANDS.to(wide)  # (N, 43)
        wide = filter_rows(wide.mT, *_filtering(images.shape[-1], taps)).mT
        wide = filter_rows(wide, *_filtering(images.shape[-2], taps))
    return wide.to(images.dtype)


def _filtering(size: int, taps: Tensor) -> tuple[Tensor, Tensor, int]:
    """Output row n = sum_k taps(k) row(n + k - 21), of the reflected image."""
    margin = taps.shape[-1] // 2
    reach = torch.arange(BLOCK + 2 * margin, device=taps.device)
    source = reflect(block_starts(size, taps.device) + reach - margin, size)
    row = torch.arange(BLOCK, device=taps.device).unsqueeze(1)
    return source, taps_at(taps[:, None, None], reach - row), size
