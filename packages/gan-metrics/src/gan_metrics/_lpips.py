"""LPIPS with the network's weights from a file."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal
from urllib.parse import urlparse

import torch
from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

from gan_metrics._state_dict import read_state_dict

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
    """
    if network not in _TORCHVISION:
        raise ValueError(f'expected network "alex", "vgg" or "squeeze"; got {network!r}; use one of them')
    try:
        from torchvision.models import get_model_weights
    except ModuleNotFoundError as error:
        message = "lpips needs torchvision; install it with pip install torchvision"
        raise ModuleNotFoundError(message) from error
    name = _TORCHVISION[network]
    file = Path(urlparse(get_model_weights(name).DEFAULT.url).path).name
    state = read_state_dict(Path(weights), name, file)
    hub = torch.hub.get_dir()
    # torchmetrics has no argument for the file, but looks for it in torch.hub's folder before a download. It
    # gets a copy of the tensors that were read safely.
    with TemporaryDirectory() as folder, torch.random.fork_rng(devices=[]):
        (Path(folder) / "checkpoints").mkdir()
        torch.save(state, Path(folder) / "checkpoints" / file)
        torch.hub.set_dir(folder)
        try:
            return LearnedPerceptualImagePatchSimilarity(network)
        except RuntimeError as error:
            raise ValueError(
                f"expected torchvision's {name} in {weights}; got the weights of another network; get {file}"
            ) from error
        finally:
            torch.hub.set_dir(hub)
