"""pix2pix's 4x4 convolutions as matrix products, where the CPU's convolution library is slow at them.

Near a U-Net's bottleneck a convolution has millions of weights and a handful of pixels to apply them to:
most of the time goes into rearranging the weights and, under autocast, into casting them to bf16 and their
gradients back. A discriminator's last convolution has one output channel, for which the library cannot use
the processor's vector instructions. Written as one matrix product in the weights' own dtype, the same sums
take a half to a third of the time in the first case, and a tenth in the second.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Pixels of the smaller map, over the batch, up to which the product was faster (torch 2.15, Zen 4, 2 cores).
_MOST_PIXELS = 64


class MatmulConv2d(nn.Conv2d):
    """A 4x4 convolution with stride 2, padding 1: (N, C, H, W) to (N, D, H/2, W/2), for even H and W."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - Conv2d's own name
        """(N, C, H, W) to (N, D, H/2, W/2)."""
        n, _, height, width = input.shape
        if not _pays(input, n * (height // 2) * (width // 2)):
            return super().forward(input)
        patches = F.unfold(input, 4, padding=1, stride=2).transpose(1, 2)  # (N, L, C*16)
        weight = self.weight  # (D, C, 4, 4)
        if _channels_last(weight):
            weight = weight.permute(0, 2, 3, 1)  # (D, 4, 4, C)
            patches = patches.unflatten(2, (-1, 16)).transpose(2, 3).flatten(2)  # (N, L, 16*C)
        with torch.autocast("cpu", enabled=False):
            y = F.linear(patches.to(weight.dtype), weight.flatten(1), self.bias)  # (N, L, D)
        return y.transpose(1, 2).reshape(n, -1, height // 2, width // 2).contiguous()  # (N, D, H/2, W/2)


class MatmulConvTranspose2d(nn.ConvTranspose2d):
    """The transpose of `MatmulConv2d`: (N, C, H, W) to (N, D, 2H, 2W)."""

    def forward(self, input: Tensor) -> Tensor:  # type: ignore[override]  # noqa: A002 - as above
        """(N, C, H, W) to (N, D, 2H, 2W)."""
        n, _, height, width = input.shape
        if not _pays(input, n * height * width):
            return super().forward(input)
        pixels = input.flatten(2).transpose(1, 2)  # (N, L, C)
        with torch.autocast("cpu", enabled=False):
            if _channels_last(self.weight):
                patches = pixels.to(self.weight.dtype) @ self.weight.permute(0, 2, 3, 1).flatten(1)
                patches = patches.unflatten(2, (16, -1)).transpose(2, 3).flatten(2)  # (N, L, D*16)
            else:
                patches = pixels.to(self.weight.dtype) @ self.weight.flatten(1)  # (N, L, D*16)
            y = F.fold(patches.transpose(1, 2), (2 * height, 2 * width), 4, padding=1, stride=2)
        return y if self.bias is None else y + self.bias[:, None, None]  # (N, D, 2H, 2W)


class SingleOutputConv2d(nn.Conv2d):
    """A 4x4 convolution with stride 1 and one output channel: (N, C, H, W) to (N, 1, H', W')."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - Conv2d's own name
        """(N, C, H, W) to (N, 1, H + 2 padding - 3, W + 2 padding - 3)."""
        if input.device.type != "cpu":
            return super().forward(input)
        padding = int(self.padding[0])
        height, width = (side + 2 * padding - 3 for side in input.shape[-2:])
        taps = self.weight.flip(2, 3).flatten(2).squeeze(0).t()  # (16, C), last tap first
        with torch.autocast("cpu", enabled=False):
            terms = taps @ input.flatten(2).to(self.weight.dtype)  # (N, 16, H*W), of each input pixel
            y = F.fold(terms, (height, width), 4, padding=3 - padding)  # (N, 1, H', W')
        return y if self.bias is None else y + self.bias[:, None, None]


def _channels_last(weight: Tensor) -> bool:
    """Whether its memory layout is such that flattening it as it is would copy all elements."""
    return not weight.is_contiguous() and weight.is_contiguous(memory_format=torch.channels_last)


def _pays(x: Tensor, pixels: int) -> bool:
    return x.device.type == "cpu" and pixels <= _MOST_PIXELS
