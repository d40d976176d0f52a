"""LPIPS and DISTS as losses, by torchmetrics, which has the weights that were fitted to human ratings."""

from pathlib import Path
from typing import Literal, TypeAlias

from torch import Tensor, nn

from gan_losses._metric_loss import MetricLoss
from gan_losses._torchvision import build_on, check_installed

Weights: TypeAlias = Path | Literal["torchvision", "random"] | None
_NETWORKS = {"vgg": "vgg16", "alex": "alexnet", "squeeze": "squeezenet1_1"}


def lpips_loss(*, weights: Weights = None, network: Literal["vgg", "alex", "squeeze"] = "vgg") -> MetricLoss:
    """LPIPS 0.1 (Zhang et al. 2018, equation 1), by torchmetrics.

    Args:
        weights: of the ImageNet network. A Path: a .pth or .safetensors file with torchvision's state dict,
            without its classifier too; nothing in it is executed. "torchvision": downloaded unless they are
            in its cache. "random": untrained and always the same (seed 0), for tests. There is no default.
        network: "vgg" (VGG16), with which papers train; "alex" (AlexNet), with which they compare;
            "squeeze" (SqueezeNet 1.1).

    Returns:
        The loss, called as `(prediction, target)` with (N, 3, H, W) in [-1, 1], at least 64 pixels high and
        wide ("vgg": 16).

    Raises:
        ValueError: no weights, an unknown network, or a file that is damaged, unsafe or of another network.
        FileNotFoundError: there is no file at the path.
        ModuleNotFoundError: the extra `gan-losses[metrics]` is not installed.

    Examples:
        >>> loss = lpips_loss(weights="random", network="squeeze")  # or "torchvision"
        >>> image = torch.rand(1, 3, 64, 64)
        >>> loss(image, image).abs() < 1e-4
        tensor(True)
    """
    if network not in _NETWORKS:
        raise ValueError(f'expected network "vgg", "alex" or "squeeze"; got {network!r}; use one of them')
    check_installed("lpips_loss")
    from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity  # here: it takes seconds

    def build() -> nn.Module:
        return LearnedPerceptualImagePatchSimilarity(network).net

    return MetricLoss(build_on(_NETWORKS[network], weights, build), images="[-1, 1]")


def dists_loss(*, weights: Weights = None) -> MetricLoss:
    """DISTS (Ding et al. 2020), structure and texture similarity in the features of VGG16, by torchmetrics.

    It is 0 for equal images, and tolerates another sample of the same texture. The authors' code shrinks
    images to a shorter side of 256 pixels first; this does not.

    Args:
        weights: of VGG16, see `lpips_loss`.

    Returns:
        The loss, called as `(prediction, target)` with (N, 3, H, W) in [-1, 1].

    Raises:
        ValueError: what `lpips_loss` raises; FileNotFoundError and ModuleNotFoundError likewise.

    Examples:
        >>> loss = dists_loss(weights="random")  # or "torchvision"
        >>> image = torch.rand(1, 3, 32, 32)
        >>> loss(image, image).abs() < 1e-4
        tensor(True)
    """
    check_installed("dists_loss")
    from torchmetrics.functional.image.dists import DISTSNetwork  # here: it takes seconds

    return MetricLoss(_DISTS(build_on("vgg16", weights, DISTSNetwork)))


class _DISTS(nn.Module):
    """torchmetrics' network, with gradients of the images."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        return self.network(prediction, target, require_grad=True)
