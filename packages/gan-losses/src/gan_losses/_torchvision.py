"""Networks of other packages that load torchvision's weights, built on weights from a file instead."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, TypeVar
from urllib.parse import urlparse

import torch
from torch import Tensor, nn

from gan_losses._weights import read_state_dict

Net = TypeVar("Net", bound=nn.Module)


def check_installed(function: str) -> None:
    """Make sure that the extra is installed.

    Raises:
        ModuleNotFoundError: with the command that installs it.
    """
    for module in ("torchmetrics", "torchvision"):
        if find_spec(module) is None:
            raise ModuleNotFoundError(f"{function} needs {module}: pip install {module}")


def build_on(
    name: str, weights: Path | Literal["torchvision", "random"] | None, build: Callable[[], Net]
) -> Net:
    """Build a network that loads torchvision's `name` while it is built.

    Building it does not change torch's (CPU) random state.

    Args:
        name: torchvision's, such as "vgg16".
        weights: see `lpips_loss`.
        build: builds the network.

    Raises:
        ValueError: no weights, or a file of another network.
    """
    from torchvision.models import get_model_weights

    file = Path(urlparse(get_model_weights(name).DEFAULT.url).path).name
    if weights is None:
        raise ValueError(
            f'expected the weights of torchvision\'s {name}; got none; pass weights=Path("{file}"), or '
            'weights="torchvision" to download that file'
        )
    if weights not in ("torchvision", "random") and not isinstance(weights, Path):
        raise ValueError(
            f'expected weights "torchvision", "random" or a Path; got {weights!r}; pass a file as Path(...)'
        )
    with torch.random.fork_rng(devices=[]):
        if weights == "torchvision":
            return build()
        state = _random_features(name) if weights == "random" else read_state_dict(weights, name)
        with _in_place_of(file, _with_classifier(name, state, weights)):
            return build()


@contextmanager
def _in_place_of(file: str, state: Mapping[str, Tensor]) -> Iterator[None]:
    """Let torchvision find these tensors in torch.hub's folder, where it looks before a download."""
    get_dir = torch.hub.get_dir
    with TemporaryDirectory() as folder:
        (Path(folder) / "checkpoints").mkdir()
        torch.save(dict(state), Path(folder) / "checkpoints" / file)
        torch.hub.get_dir = lambda: folder  # not set_dir, after which TORCH_HOME would not count any more
        try:
            yield
        finally:
            torch.hub.get_dir = get_dir


def _with_classifier(name: str, state: Mapping[str, Tensor], source: object) -> dict[str, Tensor]:
    """The features from a state dict, and a classifier of zeros, which is loaded and not used."""
    found: dict[str, Tensor] = {}
    for key, expected in _outline(name).items():
        given = state.get(key)
        if key.startswith("classifier."):
            found[key] = torch.zeros(()).expand(expected.shape)  # one number in the file
        elif given is None or given.shape != expected.shape:
            raise ValueError(
                f"expected torchvision's {name} in {source}; got a file in which {key} is missing or of "
                f"another shape; save {name}(...).state_dict()"
            )
        else:
            found[key] = given
    return found


def _random_features(name: str) -> dict[str, Tensor]:
    """Features whose magnitude stays the same through the depth, from seed 0."""
    generator = torch.Generator().manual_seed(0)
    return {
        key: torch.randn(each.shape, generator=generator) * (2 / each[0].numel()) ** 0.5
        if each.ndim == 4
        else torch.zeros(each.shape)
        for key, each in _outline(name).items()
        if key.startswith("features.")
    }


def _outline(name: str) -> dict[str, Tensor]:
    """The state dict of a network, with shapes alone."""
    from torchvision.models import get_model

    with torch.device("meta"):
        return get_model(name).state_dict()
