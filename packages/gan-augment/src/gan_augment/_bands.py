"""Amplifying the octaves of each image's spectrum, as in ADA's image-space filtering."""

import torch
from torch import Tensor

from gan_augment._images import check_images, widen
from gan_augment._rows import BLOCK, blocks_of, filter_rows, reflect, taps_at
from gan_augment._wavelet import SYM2, divide_spectrum

BANDS = divide_spectrum(SYM2, 4)  # (4, 43)


def amplify_bands(images: Tensor, gains: Tensor) -> Tensor:
    """Multiply four octaves of every image's spectrum by gains (Karras et al. 2020, appendix B).

    The image is filtered along its rows and its columns by the sum of the bands of sym2, each times its gain,
    and goes on beyond its borders as its reflection.

    The gradient, of any order, is with respect to the images.

    Args:
        images: (N, C, H, W), H and W at least 2.
        gains: (N, 4) for frequencies of up to 1/8 of the highest, up to 1/4, up to 1/2, and the highest.

    Returns:
        Of the images' shape and dtype.

    Raises:
        ValueError: `images` or `gains` is no such tensor.
    """
    check_images(images, smallest=2)
    if gains.shape != (len(images), len(BANDS)):
        raise ValueError(
            f"expected gains of shape ({len(images)}, {len(BANDS)}), one for each image and octave; "
            f"got {tuple(gains.shape)}"
        )
    wide = widen(images)
    with torch.autocast(images.device.type, enabled=False):
        taps = gains.to(wide) @ BANDS.to(wide)  # (N, 43)
        wide = filter_rows(wide.mT, *_filtering(images.shape[-1], taps)).mT
        wide = filter_rows(wide, *_filtering(images.shape[-2], taps))
    return wide.to(images.dtype)


def _filtering(size: int, taps: Tensor) -> tuple[Tensor, Tensor, int]:
    """Row n = sum_k taps(k) row n + k - 21, of the image and its reflection."""
    margin = taps.shape[-1] // 2
    reach = torch.arange(BLOCK + 2 * margin, device=taps.device)
    source = reflect(blocks_of(size, taps.device) + reach - margin, size)
    row = torch.arange(BLOCK, device=taps.device).unsqueeze(1)
    return source, taps_at(taps[:, None, None], reach - row), size
