"""DISTS with the network's weights from a file."""

from pathlib import Path

import torch
from torch import Tensor
from torchmetrics.functional.image.dists import DISTSNetwork

from gan_metrics._image import check_pair, to_unit_range
from gan_metrics._mean_metric import MeanOverImages
from gan_metrics._torchvision_weights import build_on_file


class DISTS(MeanOverImages):
    """The mean of DISTS over all images of all batches and processes; made by `dists`.

    Args:
        network: torchmetrics' network.

    Examples:
        >>> score = dists("vgg16-397923af.pth")  # doctest: +SKIP
        >>> score.update(fake, real)  # doctest: +SKIP
        >>> score.compute()  # doctest: +SKIP
    """

    higher_is_better = False

    def __init__(self, network: DISTSNetwork) -> None:
        super().__init__("dists")
        self.network = network

    @torch.no_grad()
    def update(self, prediction: Tensor, target: Tensor) -> None:
        """Add a batch: both (N, 3, H, W) in [-1, 1], clamped."""
        check_pair(prediction, target, "DISTS")
        # With require_grad: without it the network's result is an inference tensor, which cannot be added to.
        values = self.network(to_unit_range(prediction), to_unit_range(target), require_grad=True)
        self.add(values.reshape(-1))


def dists(weights: str | Path) -> DISTS:
    """DISTS (Ding et al. 2020), structure and texture similarity, by torchmetrics, without a download.

    torchmetrics has the weights of the layers, which were fitted to human ratings and to textures, and
    downloads VGG16 below them. Here that is read from a file, once; nothing in it is executed. The authors'
    code shrinks images to a shorter side of 256 pixels first; this does not.

    Args:
        weights: torchvision's state dict of VGG16, as torch.save or safetensors write it.

    Returns:
        A torchmetrics metric. It takes two batches of RGB images (N, 3, H, W) in [-1, 1]; smaller is better.

    Raises:
        ModuleNotFoundError: torchvision is not installed.
        ValueError: the file is damaged, unsafe or of another network.
        FileNotFoundError: there is no file at the path.

    Examples:
        >>> score = dists("vgg16-397923af.pth")  # doctest: +SKIP
        >>> score(fake, real)  # doctest: +SKIP
    """
    return DISTS(build_on_file("dists", "vgg16", Path(weights), DISTSNetwork))
