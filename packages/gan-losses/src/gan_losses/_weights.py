"""Weights of VGG19 and of other networks from files, without executing anything in them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn


def load_vgg19(network: nn.Sequential, weights: Path | Literal["torchvision"]) -> None:
    """Load the first layers of VGG19 from a state dict with torchvision's names.

    Args:
        network: these layers, whose positions are the numbers in the names.
        weights: see `VGG19Features`.
    """
    if weights != "torchvision" and not isinstance(weights, Path):
        raise ValueError(
            f'expected weights "torchvision", "random" or a Path; got {weights!r}; pass a file as Path(...)'
        )
    state = read_state_dict(weights, "vgg19") if isinstance(weights, Path) else _torchvision_state_dict()
    names = {
        f"{name}.{kind}": f"features.{position}.{kind}"
        for position, (name, layer) in enumerate(network.named_children())
        for kind, _ in layer.named_parameters()
    }
    shapes = {names[own]: parameter.shape for own, parameter in network.named_parameters()}
    wrong = [name for name, shape in shapes.items() if getattr(state.get(name), "shape", None) != shape]
    if wrong:
        raise ValueError(
            f"expected torchvision's vgg19 in {weights}; got a file in which {len(wrong)} of {len(names)} "
            f"tensors are missing or of another shape (first {wrong[0]}); save vgg19(...).state_dict()"
        )
    network.load_state_dict({own: state[name] for own, name in names.items()})


def _torchvision_state_dict() -> Mapping[str, Tensor]:
    try:
        from torchvision.models import VGG19_Weights  # imported here, because it takes seconds
    except ImportError as error:
        raise ModuleNotFoundError(
            'weights "torchvision" need torchvision: pip install torchvision'
        ) from error
    return VGG19_Weights.IMAGENET1K_V1.get_state_dict(check_hash=True, map_location="cpu", weights_only=True)


def read_state_dict(path: Path, network: str) -> Mapping[str, Tensor]:
    """The tensors of a .pth or .safetensors file by name, on the CPU.

    Args:
        path: of the file.
        network: torchvision's name of the network whose weights they are, for errors.

    Raises:
        FileNotFoundError: there is no file at the path.
        ModuleNotFoundError: safetensors is needed and not installed.
        ValueError: the file is damaged or unsafe.
    """
    if not path.is_file():
        raise FileNotFoundError(f"expected a .pth or .safetensors file of weights; got {path}, not a file")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except ImportError as error:
        raise ModuleNotFoundError(".safetensors files need safetensors: pip install safetensors") from error
    except Exception as error:  # a damaged file raises anything: KeyError, EOFError, UnpicklingError, ...
        raise ValueError(
            f"expected a state dict in {path}; got a file that is damaged or needs code to be executed "
            f"({type(error).__name__}); save {network}(...).state_dict()"
        ) from error
    if not isinstance(state, Mapping):
        raise ValueError(
            f"expected a state dict in {path}; got a {type(state).__name__}; save {network}(...).state_dict()"
        )
    return state
