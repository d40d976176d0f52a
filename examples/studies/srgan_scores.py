"""What an enlargement is worth, by measures that training saw and by such that it did not."""

from collections.abc import Callable, Sequence
from pathlib import Path

import gan_metrics
import torch
from gan_colorspace import rgb_to_gray
from gan_data import bicubic_upscale
from gan_metrics import feature_distance, grid_strength, kernel_distance, psnr_y, ssim_y
from gan_projected import Backbone
from torch import Tensor
from torch.nn import functional as F
from torchvision.transforms.v2.functional import gaussian_blur
from translation_scores import pooled

Enlarge = Callable[[Tensor], Tensor]  # (1, 3, h, w) to (1, 3, scale * h, scale * w)
PATCH = 64  # side of the patches whose features are compared as a set, in pixels
UNSEEN, PATCHES, DETAIL = "distance, unseen features", "kernel distance of patches", "detail, dB"
LEVELS = "grid, levels of 255"


class Measures:
    """The scores of enlarged images beside the true ones.

    Args:
        scale: of super-resolution.
        true: the true images, (1, 3, H, W) each.
        seen: the features with which networks were trained (EfficientNet-Lite0's).
        unseen: those of another network (EfficientNet-Lite1's).
        lpips: a file of AlexNet's weights, if LPIPS is wanted, too.
    """

    def __init__(
        self, scale: int, true: Sequence[Tensor], seen: Backbone, unseen: Backbone, lpips: Path | None = None
    ) -> None:
        self._scale, self._true, self._seen, self._unseen = scale, true, seen, unseen
        self._lpips = None if lpips is None else gan_metrics.lpips(lpips)
        of_patches = pooled(unseen, patches(true))
        self._mean, self._std = of_patches.mean(0), of_patches.std(0).clamp(min=1e-6)
        self._of_patches = self._normalized(of_patches)

    @torch.no_grad()
    def __call__(self, enlarged: Sequence[Tensor]) -> dict[str, float]:
        """The means over the images."""
        found: dict[str, list[float]] = {}
        for fake, real in zip((x.clamp(-1, 1) for x in enlarged), self._true, strict=True):
            for name, value in self._of_one(fake, real).items():
                found.setdefault(name, []).append(value)
        means = {name: sum(values) / len(values) for name, values in found.items()}
        of_patches = self._normalized(pooled(self._unseen, patches(enlarged)))
        means[PATCHES] = kernel_distance(of_patches, self._of_patches).item()
        return means

    def _normalized(self, features: Tensor) -> Tensor:
        return (features - self._mean) / self._std

    def _of_one(self, fake: Tensor, real: Tensor) -> dict[str, float]:
        found = {
            "PSNR-Y, dB": psnr_y(fake, real, border=self._scale).item(),
            "SSIM-Y": ssim_y(fake, real, border=self._scale).item(),
            "feature distance": feature_distance(self._seen, fake, real).item(),
            UNSEEN: feature_distance(self._unseen, fake, real).item(),
            DETAIL: detail(fake, real, self._scale),
            "grid, dB": (grid_strength(fake) - grid_strength(real)).item(),
            LEVELS: grid_levels(fake, self._scale),
        }
        return found if self._lpips is None else found | {"LPIPS": self._lpips(fake, real).item()}


def detail(fake: Tensor, real: Tensor, scale: int) -> float:
    """The power of the luma that shrinking removes, in dB above that of the true image.

    Those are the frequencies above the small image's Nyquist limit in either direction. Less is blur, more is
    noise.
    """
    fake_power, real_power = (_fine_power(rgb_to_gray(x)[0, 0].double(), scale) for x in (fake, real))
    return 10 * torch.log10(fake_power / real_power).item()


def grid_levels(image: Tensor, scale: int) -> float:
    """The root mean square of the pattern of `scale` pixels that an image repeats everywhere, in levels."""
    luma = rgb_to_gray(image).double()
    around = F.avg_pool2d(luma, scale, stride=1)  # without the pattern; a slope differs from it by a constant
    height, width = (side // scale * scale for side in around.shape[-2:])
    fine = luma[..., :height, :width] - around[..., :height, :width]
    pattern = F.pixel_unshuffle(fine, scale).mean((0, 2, 3))
    return 127.5 * pattern.std(correction=0).item()


def _fine_power(luma: Tensor, scale: int) -> Tensor:
    height, width = luma.shape
    window = torch.outer(torch.hann_window(height).double(), torch.hann_window(width).double())
    power = torch.fft.rfft2((luma - luma.mean()) * window).abs().square()
    limit = 0.5 / scale  # cycles per pixel
    fine = (torch.fft.fftfreq(height).abs()[:, None] > limit) | (torch.fft.rfftfreq(width)[None] > limit)
    return power[fine].sum().clamp(min=1e-12)


def patches(images: Sequence[Tensor]) -> Tensor:
    """(N, 3, 64, 64): the patches of images, side by side from the top left."""
    parts = []
    for image in images:
        columns = F.unfold(image, PATCH, stride=PATCH)  # (1, 3 * 64 * 64, patches)
        parts.append(columns[0].T.reshape(-1, 3, PATCH, PATCH))
    return torch.cat(parts)


def trivial(scale: int) -> dict[str, Enlarge]:
    """What takes no training, by name."""

    def sharpened(small: Tensor) -> Tensor:  # by an unsharp mask, as any photo program does
        large, sigma = bicubic_upscale(small, scale), scale / 2  # pixels
        return large + 1.5 * (large - gaussian_blur(large, [3 * scale // 2 * 2 + 1] * 2, [sigma, sigma]))

    return {
        "pixels repeated": lambda small: F.interpolate(small, scale_factor=scale, mode="nearest"),
        "bicubic": lambda small: bicubic_upscale(small, scale),
        "bicubic, sharpened": sharpened,
    }
