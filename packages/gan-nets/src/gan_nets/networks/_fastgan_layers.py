"""FastGAN's layers, which its generator and its discriminator share (Liu et al. 2021, section 3.1)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm


class ConditionalBatchNorm(nn.Module):
    """Batch norm whose scale and shift are computed from a class embedding (Brock et al. 2019, BigGAN)."""

    def __init__(self, channels: int, embedding: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale = nn.Linear(embedding, channels, bias=False)
        self.shift = nn.Linear(embedding, channels, bias=False)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """(N, C, H, W) and (N, embedding) to (N, C, H, W)."""
        scale, shift = self.scale(embedding)[:, :, None, None], self.shift(embedding)[:, :, None, None]
        return self.norm(x) * (1 + scale) + shift


class NoiseInjection(nn.Module):
    """Adds noise with a learned strength, one number, which starts at 0."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        """(N, C, H, W) and (N, 1, H, W) to (N, C, H, W)."""
        return x + (self.weight * noise).to(x.dtype)


class GLUConv(nn.Module):
    """3x3 convolution with spectral norm, noise if any, batch norm, gated linear unit."""

    def __init__(
        self, in_channels: int, out_channels: int, *, noise: bool = False, embedding: int = 0
    ) -> None:
        super().__init__()
        self.conv = spectral_norm(nn.Conv2d(in_channels, 2 * out_channels, 3, padding=1, bias=False))
        self.noise = NoiseInjection() if noise else None
        channels = 2 * out_channels
        self.norm = ConditionalBatchNorm(channels, embedding) if embedding else nn.BatchNorm2d(channels)

    def forward(self, x: Tensor, embedding: Tensor | None = None, noise: Tensor | None = None) -> Tensor:
        """(N, C, H, W), (N, embedding), (N, 1, H, W) to (N, C', H, W)."""
        x = self.conv(x)  # (N, 2 * C', H, W)
        if self.noise is not None and noise is not None:
            x = self.noise(x, noise)
        x = self.norm(x) if embedding is None else self.norm(x, embedding)
        return F.glu(x, dim=1)  # (N, C', H, W)


class SkipLayerExcitation(nn.Module):
    """Scales the channels of a map by weights computed from a smaller or earlier one (section 3.1)."""

    def __init__(self, source_channels: int, channels: int) -> None:
        super().__init__()
        self.squeeze = spectral_norm(nn.Conv2d(source_channels, channels, 4, bias=False))
        self.excite = spectral_norm(nn.Conv2d(channels, channels, 1, bias=False))

    def forward(self, source: Tensor, x: Tensor) -> Tensor:
        """(N, C, h, w) and (N, C', H, W) to (N, C', H, W)."""
        source = F.adaptive_avg_pool2d(source, 4)  # (N, C, 4, 4)
        source = F.silu(self.squeeze(source))  # (N, C', 1, 1)
        return x * torch.sigmoid(self.excite(source))  # (N, C', H, W)
