"""One of the stages of the degradation model of Real-ESRGAN: blur, resizing, noise, JPEG."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_data.transforms._ranges import (
    Range,
    require_distribution,
    require_probability,
    require_range,
    require_range_around_1,
)
from gan_data.transforms.blur import blur
from gan_data.transforms.random_kernels import KernelRanges
from gan_data.transforms.sensor_noise import add_gaussian_noise, add_poisson_noise

Mode = Literal["area", "bilinear", "bicubic"]
MODES: tuple[Mode, ...] = ("area", "bilinear", "bicubic")


class BatchDraws(NamedTuple):
    """What is sampled once for a batch, whose images need the same size."""

    blurred: bool
    factor: float
    mode: Mode
    gaussian: bool


class SampleDraws(NamedTuple):
    """What is sampled for each image, whatever the batch needs of it."""

    kernel: Tensor  # (K, K)
    sigma: float  # of Gaussian noise, in levels of 255
    scale: float  # of Poisson noise
    gray: bool
    noise_seed: int
    quality: int


@dataclass(frozen=True)
class DegradationStage:
    """The probabilities and ranges of a stage: blur, then resizing, then noise, then JPEG.

    Wang et al. 2021 (Real-ESRGAN), sections 3.1 and 3.2.

    Attributes:
        blur: probability that a batch is blurred.
        kernels: the blur kernels, one for each image.
        resize: probabilities that a batch is enlarged, made smaller, or kept; their sum is 1.
        factor: (least, most) times the stage's own size; at most 1 where a batch is made smaller, at least 1
            where it is enlarged. By "area", "bilinear" or "bicubic" (torch's, without antialiasing), each as
            probable.
        gaussian: probability that a batch gets Gaussian noise; else Poisson noise.
        sigma: (least, most) standard deviation of Gaussian noise, in levels of 255.
        scale: (least, most) factor of Poisson noise.
        gray: probability that an image gets the same noise in all channels.
        quality: (least, most) JPEG quality of an image, from 1 to 95.

    Raises:
        ValueError: a value is out of range.

    Examples:
        >>> from dataclasses import replace
        >>> light = replace(REAL_ESRGAN.first, sigma=(1.0, 5.0), quality=(80, 95))
        >>> replace(REAL_ESRGAN, first=light)(torch.zeros(1, 3, 64, 64), seeds=[0]).shape
        torch.Size([1, 3, 16, 16])
    """

    blur: float
    kernels: KernelRanges
    resize: tuple[float, float, float]
    factor: Range
    gaussian: float
    sigma: Range
    scale: Range
    gray: float
    quality: tuple[int, int]

    def __post_init__(self) -> None:
        for name in ("blur", "gaussian", "gray"):
            require_probability(name, getattr(self, name))
        require_distribution("resize", self.resize, 3)
        require_range_around_1("factor", self.factor)
        require_range("sigma", self.sigma, 0, 255)
        require_range("scale", self.scale, 0, 1e3)
        require_range("quality", self.quality, 1, 95)

    def draw_for_batch(self, random: Random) -> BatchDraws:
        """The choices of a batch."""
        blurred, gaussian = random.random() < self.blur, random.random() < self.gaussian
        least, most = self.factor
        larger, smaller = random.uniform(1, most), random.uniform(least, 1)
        factor = random.choices((larger, smaller, 1.0), self.resize)[0]
        return BatchDraws(blurred, factor, random.choice(MODES), gaussian)

    def draw_for_sample(self, random: Random) -> SampleDraws:
        """The choices of an image."""
        return SampleDraws(
            kernel=self.kernels.sample(random),
            sigma=random.uniform(*self.sigma),
            scale=random.uniform(*self.scale),
            gray=random.random() < self.gray,
            noise_seed=random.getrandbits(63),
            quality=random.randint(*self.quality),
        )

    def degrade(
        self, images: Tensor, size: tuple[int, int], batch: BatchDraws, samples: Sequence[SampleDraws]
    ) -> Tensor:
        """Blur, resize and add noise, without JPEG.

        Args:
            images: (N, 3, H, W) float32 in [-1, 1].
            size: the (height, width) that a factor of 1 gives.
            batch: of `draw_for_batch`.
            samples: N of `draw_for_sample`.

        Returns:
            (N, 3, h, w) in [-1, 1]: about `size` times the factor.
        """
        if batch.blurred:
            images = blur(images, torch.stack([sample.kernel for sample in samples]))
        height, width = (max(int(side * batch.factor), 1) for side in size)
        images = resize(images, (height, width), batch.mode)
        gray, seeds = [sample.gray for sample in samples], [sample.noise_seed for sample in samples]
        if batch.gaussian:
            return add_gaussian_noise(images, [sample.sigma for sample in samples], gray, seeds)
        return add_poisson_noise(images, [sample.scale for sample in samples], gray, seeds)


def resize(images: Tensor, size: tuple[int, int], mode: Mode) -> Tensor:
    """Resize (N, C, H, W) by torch's interpolation, without antialiasing."""
    if size == tuple(images.shape[-2:]):
        return images
    return F.interpolate(images, size, mode=mode)
