"""Feature maps of vision transformers, which have one size at all depths."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STRIDES = (4, 8, 16, 32)  # image pixels per feature pixel


def has_tokens(network: nn.Module) -> bool:
    """Whether timm's feature network is a transformer with one stride, such as ViT, DINOv2 or CLIP."""
    strides = set(network.feature_info.reduction())  # type: ignore[union-attr,operator]  # timm's
    return len(strides) == 1 and hasattr(getattr(network, "model", None), "blocks")


def four_depths(network: nn.Module) -> tuple[int, ...]:
    """The last blocks of the four quarters: 2, 5, 8 and 11 of 12, as StyleGAN-XL and DPT take them."""
    blocks = len(network.model.blocks)  # type: ignore[union-attr,arg-type]  # timm's
    return tuple(blocks * quarter // 4 - 1 for quarter in (1, 2, 3, 4))


class TokenMaps(nn.Module):
    """A vision transformer as a pyramid: the maps of four depths, resized to strides 4, 8, 16 and 32.

    The tokens of a block are a map of one vector for each patch. StyleGAN-XL (Sauer et al. 2022) reads them
    at four depths as a backbone of Projected GAN, and resizes them by random convolutions, as DPT (Ranftl et
    al. 2021) does by trained ones. Here they are resized without weights, bilinear and antialiased, and the
    projector's random convolutions follow.

    Args:
        network: timm's feature network with four outputs.

    Attributes:
        channels: of the four maps.
    """

    channels: tuple[int, ...]

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.channels = tuple(network.feature_info.channels())  # type: ignore[union-attr,operator,arg-type]
        self.pretrained_cfg = network.pretrained_cfg

    def forward(self, image: Tensor) -> list[Tensor]:
        """(N, 3, H, W) to maps (N, channels[i], H / s, W / s), rounded up, for s in `STRIDES`."""
        sizes = [[-(-side // stride) for side in image.shape[-2:]] for stride in STRIDES]
        return [_resized(x, size) for x, size in zip(self.network(image), sizes, strict=True)]


def _resized(x: Tensor, size: list[int]) -> Tensor:
    if list(x.shape[-2:]) == size:
        return x
    # The CPU cannot downsample half precision.
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    smaller = size[0] < x.shape[-2]
    return F.interpolate(wide, size, mode="bilinear", align_corners=False, antialias=smaller).to(x.dtype)
