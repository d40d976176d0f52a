"""Results of networks as Pillow's images, of the mode that was opened."""

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gan_nets.pictures._metadata import Metadata


@dataclass(frozen=True)
class OpenedImage:
    """See `Opened`; with the image's mode and metadata, and whether to restore RGB whatever the mode is."""

    pixels: Tensor
    alpha: Tensor | None
    mode: str
    metadata: Metadata
    rgb: bool

    def restore(self, pixels: Tensor, alpha: Tensor | None) -> Image.Image:
        """An image of the original mode; of another one where that can't hold the result. See `translate`."""
        color = (pixels + 1) / 2
        bypassed = None if alpha is None else (alpha + 1) / 2
        if self.mode.startswith("I"):
            result = _sixteen_bit(color, self.mode)
        elif self.mode == "CMYK":
            result = _eight_bit(color) if self.rgb or bypassed is None else _cmyk(color, bypassed)
        else:
            result = _eight_bit(color if bypassed is None else torch.cat([color, bypassed], dim=1))
            result = result if self.rgb else _in_mode(result, self.mode)
        result.info |= self.metadata.for_result(result.mode, result.size)
        return result


def _eight_bit(x: Tensor, mode: str | None = None) -> Image.Image:
    """(1, C, H, W) in [0, 1] in a mode of C channels; L, LA, RGB or RGBA if none is given."""
    levels = (255 * x[0].permute(1, 2, 0)).round().clamp(0, 255).to(torch.uint8).numpy()
    if mode is not None:
        return Image.frombytes(mode, levels.shape[1::-1], levels.tobytes())
    return Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels)


def _sixteen_bit(x: Tensor, mode: str) -> Image.Image:
    """Gray of 16 bits in the mode, I or I;16; colors, which Pillow has no 16 bits for, in 8 bits."""
    levels = (65_535 * x[0].permute(1, 2, 0)).round().numpy()
    if levels.shape[-1] > 1:
        return Image.fromarray((levels / 257).round().astype(np.uint8))
    return Image.fromarray(levels[..., 0].astype({"I": np.int32, "I;16B": ">u2"}.get(mode, np.uint16)))


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    """The image in the mode, if it has that many channels."""
    if mode == "1" and image.mode == "L":
        return image.point([0] * 128 + [255] * 128, "1")
    if mode in ("P", "PA"):
        return _with_palette(image)
    return image.convert(mode) if mode in ("YCbCr", "HSV") and image.mode == "RGB" else image


def _with_palette(image: Image.Image) -> Image.Image:
    """Exact if there are at most 256 colors; otherwise in the nearest 256."""
    pixels = np.asarray(image.convert("RGBA"))
    colors, indices = np.unique(pixels.view(np.uint32), return_inverse=True)
    if len(colors) > 256:
        alpha = image.mode.endswith("A")
        method = Image.Quantize.FASTOCTREE if alpha else Image.Quantize.MEDIANCUT
        return image.convert("RGBA" if alpha else "RGB").quantize(256, method=method)
    result = Image.frombytes("P", image.size, indices.astype(np.uint8).tobytes())
    rows = colors.view(np.uint8).reshape(-1, 4)
    result.putpalette(rows[:, :3].tobytes())
    if rows[:, 3].min() < 255:
        result.info["transparency"] = rows[:, 3].tobytes()
    return result


def _cmyk(color: Tensor, inks: Tensor) -> Image.Image:
    """CMYK for an RGB result in [0, 1], with the black of the original inks as far as the color allows."""
    if color.shape[1] == 1:
        return _eight_bit(color)
    black = torch.minimum(inks[:, 3:], 1 - color.amax(1, keepdim=True))
    light = 1 - black
    others = torch.where(light > 0, 1 - color / light.clamp(min=1e-6), inks[:, :3])
    return _eight_bit(torch.cat([others, black], dim=1), mode="CMYK")
