"""Low-resolution images as files hold them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_data.decoding.tensors import from_uint8, to_uint8
from gan_data.transforms.degrade import jpeg, require_quality
from gan_data.transforms.noise import NoiseLevel, jpeg_noise, require_level
from gan_data.transforms.resize import Kernel, downscale, require_kernel


@dataclass(frozen=True)
class Downscale:
    """Makes the low-resolution image that a file would hold: downscaled, rounded to 8 bits, optionally JPEG.

    For `Degraded`, from (3, H, W) in [-1, 1] to (3, H / factor, W / factor) in [-1, 1]. With the kernel
    "matlab-bicubic" the result equals the low-resolution files of the standard test sets. `str` of it names
    the degradation, to be stored with the weights of a network trained on it.

    Attributes:
        factor: see `downscale`.
        kernel: see `downscale`.
        jpeg_quality: None for no JPEG; a quality; or (least, most), from which a quality is sampled for each
            image with torch's global generator.
        noise: None, or the level of `jpeg_noise`, instead of `jpeg_quality`.

    Raises:
        ValueError: an option is out of range; when called, as in `downscale`.

    Examples:
        >>> make_small = Downscale(factor=4, jpeg_quality=(50, 95))
        >>> make_small(torch.rand(3, 32, 32) * 2 - 1).shape
        torch.Size([3, 8, 8])
    """

    factor: int = 4
    kernel: Kernel = "matlab-bicubic"
    jpeg_quality: int | tuple[int, int] | None = None
    noise: NoiseLevel | None = None

    def __post_init__(self) -> None:
        require_kernel(self.kernel)
        if self.noise is not None:
            require_level(self.noise)
            if self.jpeg_quality is not None:
                raise ValueError("jpeg_quality and noise exclude each other; use one of them")
        if self.jpeg_quality is not None:
            least, most = _range(self.jpeg_quality)
            require_quality(least)
            require_quality(most)
            if least > most:
                raise ValueError(f"expected (least, most) JPEG quality; got {self.jpeg_quality}; swap them")

    def __call__(self, image: Tensor) -> Tensor:
        """The low-resolution image."""
        small = from_uint8(downscale(to_uint8(image), self.factor, self.kernel))
        if self.noise is not None:
            return jpeg_noise(small, self.noise)
        if self.jpeg_quality is None:
            return small
        least, most = _range(self.jpeg_quality)
        return jpeg(small, int(torch.randint(least, most + 1, ())))

    def __str__(self) -> str:
        if self.noise is not None:
            return f"{self.kernel}, noise {self.noise}"
        if self.jpeg_quality is None:
            return self.kernel
        least, most = _range(self.jpeg_quality)
        return f"{self.kernel}, JPEG {least}" + (f" to {most}" if most > least else "")


def _range(quality: int | tuple[int, int]) -> tuple[int, int]:
    return quality if isinstance(quality, tuple) else (quality, quality)
