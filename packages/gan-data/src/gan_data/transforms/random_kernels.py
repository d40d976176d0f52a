"""Random blur kernels of the degradation model of Real-ESRGAN."""

from dataclasses import dataclass
from math import pi
from random import Random

from torch import Tensor
from torch.nn import functional as F

from gan_data.transforms._ranges import (
    Range,
    require_distribution,
    require_kernel_sizes,
    require_probability,
    require_range,
    require_range_around_1,
    sample_around_1,
)
from gan_data.transforms.blur_kernels import gaussian_kernel, plateau_kernel, sinc_kernel

WIDE = 13  # pixels; sinc kernels of at least this size have a range of cutoffs of their own


@dataclass(frozen=True)
class SincRanges:
    """How often the kernel is a sinc, and which one.

    Attributes:
        probability: of a sinc.
        sizes: odd numbers of pixels, each as probable.
        cutoff: (least, most) radians per pixel, for kernels below 13 pixels.
        wide_cutoff: the same for larger ones.

    Raises:
        ValueError: a value is out of range.

    Examples:
        >>> from dataclasses import replace
        >>> no_ringing = replace(REAL_ESRGAN.final_sinc, probability=0.0)
        >>> replace(REAL_ESRGAN, final_sinc=no_ringing).final_sinc.probability
        0.0
    """

    probability: float
    sizes: tuple[int, ...]
    cutoff: Range
    wide_cutoff: Range

    def __post_init__(self) -> None:
        require_probability("probability of a sinc", self.probability)
        require_kernel_sizes("sizes", self.sizes)
        for name in ("cutoff", "wide_cutoff"):
            require_range(name, getattr(self, name), 1e-3, pi)

    def sample(self, random: Random) -> Tensor:
        """A sinc, (K, K) float64, K the largest of the sizes: 0 around a smaller kernel."""
        size = random.choice(self.sizes)
        cutoff = random.uniform(*(self.cutoff if size < WIDE else self.wide_cutoff))
        return centered(sinc_kernel(size, cutoff), max(self.sizes))


@dataclass(frozen=True)
class KernelRanges:
    """Which blur kernels are sampled, and how often.

    Wang et al. 2021 (Real-ESRGAN), section 3.1.

    Attributes:
        sizes: odd numbers of pixels, each as probable.
        shapes: probabilities of the shapes: isotropic, anisotropic, generalized isotropic, generalized
            anisotropic, plateau isotropic, plateau anisotropic; their sum is 1.
        sinc: how often a sinc is sampled instead, of which sizes and cutoffs.
        sigma: (least, most) standard deviation in pixels, along each axis.
        rotation: (least, most) radians, of anisotropic kernels.
        generalized_beta: (least, most) exponent of generalized Gaussian kernels; with probability 1/2
            below 1, else above.
        plateau_beta: the same of plateau kernels.

    Raises:
        ValueError: a value is out of range.

    Examples:
        >>> from dataclasses import replace
        >>> kernels = replace(REAL_ESRGAN.first.kernels, sigma=(0.2, 1.0))  # weaker blur
        >>> weaker = replace(REAL_ESRGAN, first=replace(REAL_ESRGAN.first, kernels=kernels))
        >>> weaker(torch.zeros(1, 3, 64, 64), seeds=[0]).shape
        torch.Size([1, 3, 16, 16])
    """

    sizes: tuple[int, ...]
    shapes: tuple[float, float, float, float, float, float]
    sinc: SincRanges
    sigma: Range
    rotation: Range
    generalized_beta: Range
    plateau_beta: Range

    def __post_init__(self) -> None:
        require_kernel_sizes("sizes", self.sizes)
        require_distribution("shapes", self.shapes, 6)
        require_range("sigma", self.sigma, 1e-3, 1e3)
        require_range("rotation", self.rotation, -2 * pi, 2 * pi)
        require_range_around_1("generalized_beta", self.generalized_beta)
        require_range_around_1("plateau_beta", self.plateau_beta)

    @property
    def side(self) -> int:
        """Of a sampled kernel, in pixels: the largest of the sizes."""
        return max(*self.sizes, *self.sinc.sizes)

    def sample(self, random: Random) -> Tensor:
        """A kernel, (side, side) float64, with a sum of 1: 0 around a smaller one."""
        if random.random() < self.sinc.probability:
            return centered(self.sinc.sample(random), self.side)
        size = random.choice(self.sizes)
        family, anisotropic = divmod(random.choices(range(6), self.shapes)[0], 2)
        sigma, rotation = random.uniform(*self.sigma), 0.0
        sigmas = (sigma, sigma)
        if anisotropic:
            sigmas, rotation = (sigma, random.uniform(*self.sigma)), random.uniform(*self.rotation)
        if family == 0:
            kernel = gaussian_kernel(size, sigmas, rotation)
        elif family == 1:
            beta = sample_around_1(random, self.generalized_beta)
            kernel = gaussian_kernel(size, sigmas, rotation, beta)
        else:
            kernel = plateau_kernel(size, sigmas, rotation, sample_around_1(random, self.plateau_beta))
        return centered(kernel, self.side)


def centered(kernel: Tensor, side: int) -> Tensor:
    """The kernel in the middle of (side, side), 0 around it."""
    margin = (side - len(kernel)) // 2
    return F.pad(kernel, (margin,) * 4)
