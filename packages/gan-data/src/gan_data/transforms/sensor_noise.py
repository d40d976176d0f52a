"""Noise of sensors, Gaussian and Poisson, from a seed for each image of a batch."""

from collections.abc import Sequence

import torch
from torch import Tensor

from gan_data.decoding.tensors import require_range_on_cpu
from gan_data.transforms._ranges import require_one_per_image
from gan_data.transforms.degrade import grayscale


@torch.no_grad()
def add_gaussian_noise(
    images: Tensor, sigmas: Sequence[float], gray: Sequence[bool], seeds: Sequence[int]
) -> Tensor:
    """Add Gaussian noise to each image of a batch.

    Wang et al. 2021 (Real-ESRGAN), section 3.1. The noise of an image depends on its seed, its size and the
    kind of device, and not on the rest of the batch.

    Args:
        images: (N, 3, H, W), floating point in [-1, 1].
        sigmas: N standard deviations, in levels of 255.
        gray: for each image, whether its three channels get the same noise.
        seeds: for each image, an integer from 0 to 2^63 - 1.

    Returns:
        (N, 3, H, W) float32, clipped to [-1, 1]. No gradient.

    Raises:
        ValueError: there is not one value for each image, a standard deviation is negative, the images have
            another shape, or on a CPU values far outside [-1, 1].

    Examples:
        >>> noisy = add_gaussian_noise(torch.zeros(1, 3, 8, 8), sigmas=[10], gray=[True], seeds=[0])
        >>> torch.equal(noisy[:, 0], noisy[:, 1])  # gray noise
        True
    """
    images = _checked("add_gaussian_noise", images, sigmas, gray, seeds)
    generator = torch.Generator(images.device)
    noise = torch.empty_like(images)
    for i, sigma in enumerate(sigmas):
        generator.manual_seed(seeds[i])
        shape = (1 if gray[i] else 3, *images.shape[2:])
        noise[i] = torch.randn(shape, generator=generator, device=images.device) * (sigma / 127.5)
    return (images + noise).clamp(-1, 1)


@torch.no_grad()
def add_poisson_noise(
    images: Tensor, scales: Sequence[float], gray: Sequence[bool], seeds: Sequence[int]
) -> Tensor:
    """Add Poisson noise, whose variance is proportional to the intensity, to each image of a batch.

    Wang et al. 2021 (Real-ESRGAN), section 3.1, as in the authors' code. Of an image v in [0, 1] of 8 bits,
    with u different values, the noise is scale * (Poisson(v * n) / n - v), where n is the least power of two
    that is not below u. Its mean is 0 and its variance scale^2 * v / n. Gray noise is that of the luma.

    Args:
        images: (N, 3, H, W), floating point in [-1, 1].
        scales: N factors of the noise.
        gray: as in `add_gaussian_noise`.
        seeds: as in `add_gaussian_noise`.

    Returns:
        (N, 3, H, W) float32, clipped to [-1, 1]. No gradient.

    Raises:
        ValueError: as in `add_gaussian_noise`, of the scales.

    Examples:
        >>> black = torch.full((1, 3, 8, 8), -1.0)
        >>> noisy = add_poisson_noise(black, scales=[1], gray=[False], seeds=[0])
        >>> torch.equal(noisy, black)  # no light, no noise
        True
    """
    images = _checked("add_poisson_noise", images, scales, gray, seeds)
    generator = torch.Generator(images.device)
    noise = torch.empty_like(images)
    for i, scale in enumerate(scales):
        generator.manual_seed(seeds[i])
        source = grayscale(images[i]) if gray[i] else images[i]
        levels = ((source + 1) * 127.5).round().clamp(0, 255)
        photons = _photons(levels)
        rates = levels * (photons / 255)
        noise[i] = (torch.poisson(rates, generator=generator) - rates) * (2 * scale / photons)
    return (images + noise).clamp(-1, 1)


def _photons(levels: Tensor) -> Tensor:
    """The number of different values in 0..255, rounded up to a power of two, without synchronization."""
    present = levels.new_zeros(256).index_fill_(0, levels.flatten().long(), 1)
    powers = 2 ** torch.arange(9, device=levels.device)
    return 2 ** (present.sum() > powers).sum()


def _checked(
    name: str, images: Tensor, strengths: Sequence[float], gray: Sequence[bool], seeds: Sequence[int]
) -> Tensor:
    """The images in float32."""
    if images.ndim != 4 or images.shape[1] != 3 or not images.is_floating_point():
        raise ValueError(
            f"{name} expects (N, 3, H, W) of floating point in [-1, 1]; "
            f"got {tuple(images.shape)} {images.dtype}"
        )
    require_range_on_cpu(name, images)
    for what, given in (("strengths", strengths), ("gray", gray), ("seeds", seeds)):
        require_one_per_image(f"the {what}", given, len(images))
    if min(strengths, default=0) < 0:
        raise ValueError(f"{name} expects noise of a strength of 0 or more; got {min(strengths)}")
    return images.float()
