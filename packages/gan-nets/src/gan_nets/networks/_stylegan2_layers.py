"""StyleGAN2's layers: modulated convolutions and what surrounds them."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.layers.equalized import EqualizedLinear
from gan_nets.networks._styles import leaky_relu


class ModulatedConv(nn.Module):
    """A convolution whose weights are scaled by each image's style, channel by channel (equations 1 to 3).

    Scaling the weights by s and dividing them by their norm is the same as scaling the input and dividing the
    output; that way all images of a batch share one convolution.
    """

    blur: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        styles: int,
        *,
        kernel: int = 3,
        upsample: bool = False,
        demodulate: bool = True,
    ) -> None:
        super().__init__()
        self.style = EqualizedLinear(styles, in_channels, bias=1.0)
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, kernel, kernel))
        self.scale = (in_channels * kernel**2) ** -0.5
        self.upsample, self.demodulate = upsample, demodulate
        blur = blur_taps() / 16  # twice the taps of bilinear upsampling in each direction
        self.register_buffer("blur", blur, persistent=False)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """(N, C, H, W) and (N, styles) to (N, C', H, W), or twice that size."""
        weight, style = self.weight * self.scale, self.style(w)  # (C', C, k, k), (N, C)
        y = self._convolve(x * style[:, :, None, None].to(x.dtype), weight)  # (N, C', H', W')
        if not self.demodulate:
            return y
        with torch.autocast(x.device.type, enabled=False):  # squares of styles overflow in half precision
            power = style.float().square() @ weight.float().square().sum((2, 3)).T  # (N, C')
        return y * (power + 1e-8).rsqrt()[:, :, None, None].to(y.dtype)  # (N, C', H', W')

    def _convolve(self, x: Tensor, weight: Tensor) -> Tensor:
        if not self.upsample:
            return F.conv2d(x, weight, padding=weight.shape[-1] // 2)  # (N, C', H, W)
        # Bilinear upsampling and a convolution, in the order that takes a quarter of the multiplications.
        x = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)  # (N, C', 2H + 1, 2W + 1)
        channels = x.shape[1]
        blur = self.blur.expand(channels, 1, 4, 4).to(x.dtype)
        return F.conv2d(x, blur, padding=1, groups=channels)  # (N, C', 2H, 2W)


class StyledConv(nn.Module):
    """Modulated convolution, noise, bias, LeakyReLU 0.2 with gain sqrt(2)."""

    def __init__(self, in_channels: int, out_channels: int, styles: int, *, upsample: bool = False) -> None:
        super().__init__()
        self.conv = ModulatedConv(in_channels, out_channels, styles, upsample=upsample)
        self.noise = nn.Parameter(torch.zeros(1))  # strength of the noise
        self.bias = nn.Parameter(torch.zeros(out_channels))

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
        """(N, C, H, W), (N, styles) and (N, 1, H', W') or None to (N, C', H', W')."""
        x = self.conv(x, w)  # (N, C', H', W')
        shift = self.bias[:, None, None]
        if noise is not None:
            shift = shift + self.noise * noise  # (N, C', H', W')
        return leaky_relu(x + shift.to(x.dtype))  # (N, C', H', W')


class ToImage(nn.Module):
    """Features to the image ("tRGB"): 1x1 modulated convolution without demodulation, and a bias."""

    def __init__(self, in_channels: int, out_channels: int, styles: int) -> None:
        super().__init__()
        self.conv = ModulatedConv(in_channels, out_channels, styles, kernel=1, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(out_channels))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """(N, C, H, W) and (N, styles) to (N, out_channels, H, W)."""
        x = self.conv(x, w)
        return x + self.bias[:, None, None].to(x.dtype)


def blur_taps() -> Tensor:
    """(4, 4): the outer product of (1, 3, 3, 1), whose sum is 64."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    return torch.outer(taps, taps)
