"""The high-order degradation model of Real-ESRGAN: low-resolution images as the web holds them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import pi
from random import Random
from typing import NamedTuple

import torch
from torch import Tensor

from gan_data.decoding.tensors import require_range_on_cpu
from gan_data.transforms._ranges import require_one_per_image, require_probability
from gan_data.transforms.batched_jpeg import batched_jpeg
from gan_data.transforms.blur import blur
from gan_data.transforms.degradation_stage import (
    MODES,
    BatchDraws,
    DegradationStage,
    Mode,
    SampleDraws,
    resize,
)
from gan_data.transforms.random_kernels import KernelRanges, SincRanges, centered


class _Batch(NamedTuple):
    first: BatchDraws
    second: BatchDraws
    mode: Mode  # of the last resizing
    jpeg_last: bool


class _Sample(NamedTuple):
    first: SampleDraws
    second: SampleDraws
    kernel: Tensor  # of the last filter


@dataclass(frozen=True)
class HighOrderDegradation:
    """Degrades a batch twice by blur, resizing, noise and JPEG, then makes it `scale` times smaller.

    Wang et al. 2021, "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure Synthetic Data",
    section 3 and figure 2. The order of the last steps is random: resizing and a sinc filter, then JPEG, or
    the reverse. `REAL_ESRGAN` holds the published values; `dataclasses.replace` changes some of them.

    Everything that is random comes from the seeds, and torch's global generator stays as it is. As in the
    authors' code the kernels, the strength of the noise and the JPEG qualities differ between the images of
    a batch; the size and mode of resizing, the kind of noise, whether the second stage blurs, and the order
    of the last steps are the same for all. The latter come from the first seed, the others from the image's
    own seed. Noise depends on the kind of device, too.

    Attributes:
        scale: how many times smaller the result is, 1 or more.
        first: the first stage.
        second: the second stage, whose JPEG is the last one; its factor refers to the size of the result.
        final_sinc: the last filter, for each image: a sinc, with its probability, else none.
        jpeg_last: probability that JPEG is the last step.

    Raises:
        ValueError: a value is out of range.

    Examples:
        >>> low = REAL_ESRGAN(torch.rand(2, 3, 64, 64) * 2 - 1, seeds=[0, 1])
        >>> low.shape
        torch.Size([2, 3, 16, 16])
    """

    scale: int
    first: DegradationStage
    second: DegradationStage
    final_sinc: SincRanges
    jpeg_last: float

    def __post_init__(self) -> None:
        if not isinstance(self.scale, int) or self.scale < 1:
            raise ValueError(f"expected scale as an integer of 1 or more, such as 4; got {self.scale}")
        require_probability("jpeg_last", self.jpeg_last)

    @torch.no_grad()
    def __call__(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        """Degrade a batch.

        Args:
            images: (N, 3, H, W), floating point in [-1, 1], on any device; H and W multiples of `scale`.
            seeds: an integer for each image, such as a number that is unique to the sample and the pass.

        Returns:
            (N, 3, H / scale, W / scale) float32 in [-1, 1], of 8-bit levels, on the same device. No gradient.

        Raises:
            ValueError: the images have another shape or dtype, values on a CPU are far outside [-1, 1], or
                there is not one seed for each of them.
        """
        height, width = self._require_images(images, seeds)
        size = (height // self.scale, width // self.scale)
        batch = self._draw_for_batch(seeds[0])
        samples = [self._draw_for_sample(seed) for seed in seeds]
        first, second = [sample.first for sample in samples], [sample.second for sample in samples]
        images = self.first.degrade(images.float(), (height, width), batch.first, first)
        images = batched_jpeg(images, [sample.quality for sample in first])
        images = self.second.degrade(images, size, batch.second, second)
        kernels, qualities = [sample.kernel for sample in samples], [sample.quality for sample in second]
        if not batch.jpeg_last:
            images = batched_jpeg(images, qualities)
        images = blur(resize(images, size, batch.mode), torch.stack(kernels))
        if batch.jpeg_last:
            return batched_jpeg(images, qualities)
        return ((images + 1) * 127.5).round().clamp(0, 255) / 127.5 - 1

    def _draw_for_batch(self, seed: int) -> _Batch:
        random = Random(f"batch {seed}")
        return _Batch(
            first=self.first.draw_for_batch(random),
            second=self.second.draw_for_batch(random),
            mode=random.choice(MODES),
            jpeg_last=random.random() < self.jpeg_last,
        )

    def _draw_for_sample(self, seed: int) -> _Sample:
        random = Random(f"sample {seed}")
        first, second = self.first.draw_for_sample(random), self.second.draw_for_sample(random)
        if random.random() < self.final_sinc.probability:
            return _Sample(first, second, self.final_sinc.sample(random))
        unchanged = torch.ones(1, 1, dtype=torch.float64)
        return _Sample(first, second, centered(unchanged, max(self.final_sinc.sizes)))

    def _require_images(self, images: Tensor, seeds: Sequence[int]) -> tuple[int, int]:
        if images.ndim != 4 or images.shape[1] != 3 or not images.is_floating_point() or not len(images):
            raise ValueError(
                "expected at least one image, (N, 3, H, W) of floating point in [-1, 1]; "
                f"got {tuple(images.shape)} {images.dtype}"
            )
        height, width = images.shape[-2:]
        if height % self.scale or width % self.scale:
            raise ValueError(
                f"expected height and width to be multiples of scale={self.scale}; got {height}x{width}; "
                "crop the images first"
            )
        require_range_on_cpu("HighOrderDegradation", images)
        require_one_per_image("the seeds", seeds, len(images))
        return height, width


_SIZES = (7, 9, 11, 13, 15, 17, 19, 21)
_KERNELS = KernelRanges(
    sizes=_SIZES,
    shapes=(0.45, 0.25, 0.12, 0.03, 0.12, 0.03),
    sinc=SincRanges(0.1, _SIZES, cutoff=(pi / 3, pi), wide_cutoff=(pi / 5, pi)),
    sigma=(0.2, 3),
    rotation=(-pi, pi),
    generalized_beta=(0.5, 4),
    plateau_beta=(1, 2),
)

REAL_ESRGAN = HighOrderDegradation(
    scale=4,
    first=DegradationStage(
        blur=1.0,
        kernels=_KERNELS,
        resize=(0.2, 0.7, 0.1),
        factor=(0.15, 1.5),
        gaussian=0.5,
        sigma=(1, 30),
        scale=(0.05, 3),
        gray=0.4,
        quality=(30, 95),
    ),
    second=DegradationStage(
        blur=0.8,
        kernels=replace(_KERNELS, sigma=(0.2, 1.5)),
        resize=(0.3, 0.4, 0.3),
        factor=(0.3, 1.2),
        gaussian=0.5,
        sigma=(1, 25),
        scale=(0.05, 2.5),
        gray=0.4,
        quality=(30, 95),
    ),
    final_sinc=SincRanges(0.8, _SIZES, cutoff=(pi / 3, pi), wide_cutoff=(pi / 3, pi)),
    jpeg_last=0.5,
)
"""The published values: section 4.1 of Wang et al. 2021, and the authors' train_realesrgan_x4plus."""
