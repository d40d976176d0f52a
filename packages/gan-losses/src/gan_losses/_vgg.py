"""The feature maps of VGG19, by the names of its layers in papers."""

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from gan_losses._weights import load_vgg19

BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))  # channels, convolutions; each ends with a pooling
IMAGENET_MEAN = (0.485, 0.456, 0.406)  # of pixels from 0 to 1
IMAGENET_STD = (0.229, 0.224, 0.225)


class VGG19Features(nn.Module):
    """Frozen feature maps of VGG19 (Simonyan and Zisserman 2015, configuration E).

    "conv5_4" is the fourth convolution of the fifth block before its activation, "relu5_4" after it, "pool5"
    the end of the block. Layers deeper than the deepest requested one are not built. Parameters have no
    gradients, the image can have one. Building the module does not change torch's (CPU) random state.

    Args:
        layers: the layers whose maps are returned, in this order.
        weights: the source of the weights.
            "torchvision": torchvision's ImageNet weights, downloaded (548 MB) unless they are in its cache;
            needs the extra `gan-losses[perceptual]`.
            a Path: a .pth or .safetensors file with the state dict of torchvision's or timm's vgg19; deeper
            layers may be missing. Nothing in the file is executed.
            "random": untrained and always the same (seed 0), for tests and for comparison.
        normalization: "imagenet" normalizes by ImageNet's mean and standard deviation, as in training; "none"
            passes [-1, 1] unchanged, as in pix2pixHD's code.
        pooling: "max", as in training; or "average", as in style transfer (Gatys et al. 2016, section 2).

    Raises:
        ValueError: If there is no such layer, `weights`, `normalization` or `pooling` is none of the above,
            or the file is damaged, unsafe or of another network.
        FileNotFoundError: If there is no file at the path.
        ModuleNotFoundError: If the extra is not installed.

    Examples:
        >>> features = VGG19Features(["relu1_1", "relu2_1"], weights="random")  # or "torchvision"
        >>> [tuple(f.shape) for f in features(torch.zeros(1, 3, 32, 32))]
        [(1, 64, 32, 32), (1, 128, 16, 16)]
    """

    _scale: Tensor
    _shift: Tensor

    def __init__(
        self,
        layers: Sequence[str],
        *,
        weights: Path | Literal["torchvision", "random"],
        normalization: Literal["imagenet", "none"] = "imagenet",
        pooling: Literal["max", "average"] = "max",
    ) -> None:
        super().__init__()
        if pooling not in ("max", "average"):
            raise ValueError(f'expected pooling "max" or "average"; got {pooling!r}; use one of them')
        if normalization not in ("imagenet", "none"):
            raise ValueError(
                f'expected normalization "imagenet" or "none"; got {normalization!r}; use one of them'
            )
        self.layers = _known(layers)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(0)
            self.network = _network_up_to(self.layers, nn.MaxPool2d if pooling == "max" else nn.AvgPool2d)
        if weights != "random":
            load_vgg19(self.network, weights)
        self.requires_grad_(False)
        mean, std = (torch.tensor(x).reshape(1, 3, 1, 1) for x in (IMAGENET_MEAN, IMAGENET_STD))
        if normalization == "none":
            mean, std = torch.full_like(mean, 0.5), torch.full_like(std, 0.5)
        # ((image + 1) / 2 - mean) / std
        self.register_buffer("_scale", 0.5 / std, persistent=False)
        self.register_buffer("_shift", (0.5 - mean) / std, persistent=False)

    def forward(self, image: Tensor) -> list[Tensor]:
        """The feature maps of the layers.

        Args:
            image: (N, 3, H, W) RGB in [-1, 1], at least 2 x 2 for each pooling before the deepest layer:
                16 x 16 for block 5.

        Returns:
            For a layer of block b: (N, channels, H / 2^(b-1), W / 2^(b-1)), rounded down.

        Raises:
            ValueError: If the image has another shape or is too small.
        """
        least = 2 ** sum(name.startswith("pool") for name, _ in self.network.named_children())
        is_image = image.ndim == 4 and image.shape[1] == 3 and image.is_floating_point()
        if not is_image or min(image.shape[-2:]) < least:
            raise ValueError(
                f"VGG19Features expects floating-point (N, 3, H, W) in [-1, 1], H and W at least {least}; "
                f"got {tuple(image.shape)} of {image.dtype}; repeat a gray plane three times, or resize"
            )
        maps, x = {}, image * self._scale + self._shift
        for name, layer in self.network.named_children():
            x = layer(x)
            if name in self.layers:
                maps[name] = x
        return [maps[name] for name in self.layers]


def _names() -> list[str]:
    """All layers in order; their positions are the numbers in torchvision's state dict."""
    return [
        name
        for block, (_, convolutions) in enumerate(BLOCKS, start=1)
        for name in [
            *(f"{kind}{block}_{i}" for i in range(1, convolutions + 1) for kind in ("conv", "relu")),
            f"pool{block}",
        ]
    ]


def _known(layers: Sequence[str]) -> tuple[str, ...]:
    unknown = [name for name in layers if name not in _names()] if not isinstance(layers, str) else [layers]
    if unknown or not layers:
        raise ValueError(
            f'expected a list of layers from "conv1_1", "relu1_1" to "relu5_4", "pool5"; got {layers!r}; '
            "blocks 1 and 2 have two convolutions, the others four"
        )
    return tuple(layers)


def _network_up_to(layers: Sequence[str], pooling: type[nn.MaxPool2d | nn.AvgPool2d]) -> nn.Sequential:
    names = _names()
    deepest = max(names.index(name) for name in layers)
    children, channels = OrderedDict[str, nn.Module](), 3
    for name in names[: deepest + 1]:
        if name.startswith("conv"):
            width = BLOCKS[int(name[4]) - 1][0]
            convolution = nn.Conv2d(channels, width, kernel_size=3, padding=1)
            # Keeps the magnitude of the features through the depth, even untrained.
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            children[name], channels = convolution, width
        else:
            children[name] = nn.ReLU() if name.startswith("relu") else pooling(2)
    return nn.Sequential(children)
