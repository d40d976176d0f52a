"""Networks of torchmetrics that load torchvision's weights, built on weights from a file instead."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar
from urllib.parse import urlparse

import torch

from gan_metrics._state_dict import read_state_dict

Built = TypeVar("Built")


def build_on_file(caller: str, name: str, weights: Path, build: Callable[[], Built]) -> Built:
    """Build what loads the weights of torchvision's network `name`, without a download.

    Args:
        caller: the function that needs torchvision, for errors.
        name: torchvision's, such as "alexnet".
        weights: its state dict, as torch.save or safetensors write it.
        build: builds it.

    Raises:
        ModuleNotFoundError: torchvision is not installed.
        ValueError: the file is damaged, unsafe or of another network.
        FileNotFoundError: there is no file at the path.
    """
    try:
        from torchvision.models import get_model_weights
    except ModuleNotFoundError as error:
        message = f"{caller} needs torchvision; install it with pip install torchvision"
        raise ModuleNotFoundError(message) from error
    file = Path(urlparse(get_model_weights(name).DEFAULT.url).path).name
    state = read_state_dict(weights, name, file)
    get_dir = torch.hub.get_dir
    # torchmetrics has no argument for the file, but looks for it in torch.hub's folder before a download. It
    # gets a copy of the tensors that were read safely.
    with TemporaryDirectory() as folder, torch.random.fork_rng(devices=[]):
        (Path(folder) / "checkpoints").mkdir()
        torch.save(state, Path(folder) / "checkpoints" / file)
        torch.hub.get_dir = lambda: folder  # not set_dir, after which TORCH_HOME would not count any more
        try:
            return build()
        except RuntimeError as error:
            raise ValueError(
                f"expected torchvision's {name} in {weights}; got the weights of another network; get {file}"
            ) from error
        finally:
            torch.hub.get_dir = get_dir
