"""What happens to pictures on their way: chains that Real-ESRGAN's degradation does not contain.

They use Pillow's filters and codecs. Lanczos, the unsharp mask, WebP and the disk are in no network's
training; noise, area and JPEG are in Real-ESRGAN's.
"""

import io
from collections.abc import Callable, Mapping

import torch
from gan_data import Downscale
from PIL import Image, ImageFilter
from torch import Tensor
from torch.nn import functional as F
from torchvision.transforms.v2.functional import pil_to_tensor, to_pil_image

SCALE = 4
Chain = Callable[[Tensor, int], Tensor]  # (1, 3, H, W) in [-1, 1] and a seed to (1, 3, H / 4, W / 4)


def clean(image: Tensor, seed: int) -> Tensor:  # noqa: ARG001 - as the others
    """Bicubic, the only chain that SRGAN is trained on."""
    return Downscale(SCALE)(image)


def phone(image: Tensor, seed: int) -> Tensor:
    """A sensor's noise, shrunken by Lanczos, sharpened, and JPEG of quality 50."""
    picture = _as_pil(_with_noise(image, 4, seed))
    picture = picture.resize(_shrunken(picture, SCALE), Image.Resampling.LANCZOS)
    return _as_tensor(_coded(picture.filter(ImageFilter.UnsharpMask(1, 80, 0)), "JPEG", 50))


def messenger(image: Tensor, seed: int) -> Tensor:  # noqa: ARG001 - as the others
    """Shrunken twice, and coded after each: JPEG of quality 75, then WebP of quality 40."""
    picture = _as_pil(image)
    picture = _coded(picture.resize(_shrunken(picture, 2), Image.Resampling.BOX), "JPEG", 75)
    return _as_tensor(_coded(picture.resize(_shrunken(picture, 2), Image.Resampling.BILINEAR), "WEBP", 40))


def out_of_focus(image: Tensor, seed: int) -> Tensor:
    """A lens's blur, a disk with a radius of 3 pixels; shrunken by area, noise, and JPEG of quality 80."""
    rows = torch.arange(-3.0, 4.0)
    disk = ((rows[:, None].square() + rows.square()) <= 3.2**2).float()
    kernel = (disk / disk.sum()).expand(3, 1, -1, -1)
    blurred = F.conv2d(F.pad(image, [3] * 4, mode="reflect"), kernel, groups=3)
    small = _with_noise(F.avg_pool2d(blurred, SCALE), 3, seed)
    return _as_tensor(_coded(_as_pil(small), "JPEG", 80))


CHAINS: Mapping[str, Chain] = {
    "clean": clean,
    "phone": phone,
    "messenger": messenger,
    "out of focus": out_of_focus,
}


def _with_noise(image: Tensor, deviation: float, seed: int) -> Tensor:
    """With Gaussian noise, the deviation in levels of 255."""
    noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(seed))
    return image + noise * (deviation / 127.5)


def _shrunken(picture: Image.Image, factor: int) -> tuple[int, int]:
    return picture.width // factor, picture.height // factor


def _coded(picture: Image.Image, form: str, quality: int) -> Image.Image:
    """Written to a file in memory, and read again."""
    file = io.BytesIO()
    picture.save(file, form, quality=quality)
    return Image.open(file).convert("RGB")


def _as_pil(image: Tensor) -> Image.Image:
    return to_pil_image(((image[0].clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8))


def _as_tensor(picture: Image.Image) -> Tensor:
    return pil_to_tensor(picture)[None].float() / 127.5 - 1
