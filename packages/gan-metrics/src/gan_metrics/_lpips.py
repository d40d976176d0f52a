"""LPIPS with the network's weights from a file."""

from pathlib import Path
from typing import Literal

from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

from gan_metrics._torchvision_weights import build_on_file

_TORCHVISION = {"alex": "alexnet", "vgg": "vgg16", "squeeze": "squeezenet1_1"}


def lpips(
    weights: str | Path, network: Literal["alex", "vgg", "squeeze"] = "alex"
) -> LearnedPerceptualImagePatchSimilarity:
    """LPIPS (Zhang et al. 2018, version 0.1) by torchmetrics, without a download.

    torchmetrics has the weights of the layers, which were fitted to human ratings, and downloads those of the
    ImageNet network below them. Here they are read from a file; nothing in it is executed.

    Args:
        weights: torchvision's state dict of the network, as torch.save or safetensors write it.
        network: "alex" (AlexNet, which papers report), "vgg" (VGG16) or "squeeze" (SqueezeNet 1.1).

    Returns:
        A torchmetrics metric. It takes two batches of RGB images (N, 3, H, W) in [-1, 1], at least 64 pixels
        high and wide; smaller is better.

    Raises:
        ModuleNotFoundError: torchvision is not installed.
        ValueError: there is no such network; or the file is damaged, unsafe or of another network.
        FileNotFoundError: there is no file at the path.

    Examples:
        >>> from torchvision.models import squeezenet1_1
        >>> torch.save(squeezenet1_1().state_dict(), "weights.pth")  # or torchvision's own file
        >>> score = lpips("weights.pth", "squeeze")
        >>> image = torch.rand(1, 3, 64, 64)
        >>> round(score(image, image).item(), 4)
        0.0
    """
    if network not in _TORCHVISION:
        raise ValueError(f'expected network "alex", "vgg" or "squeeze"; got {network!r}; use one of them')
    return build_on_file(
        "lpips",
        _TORCHVISION[network],
        Path(weights),
        lambda: LearnedPerceptualImagePatchSimilarity(network),
    )
