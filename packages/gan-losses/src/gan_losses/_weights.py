"""VGG19's weights from torchvision or a file, of which nothing is executed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn


def load_vgg19(network: nn.Sequential, weights: Path | Literal["torchvision"]) -> None:
    """Fill the first layers of VGG19 with weights that are named as torchvision's.

    Args:
        network: those layers, whose places are the numbers in the names.
        weights: see `VGG19Features`.
    """
    if weights == "torchvision":
        state = _torchvision_state_dict()
    elif isinstance(weights, Path):
        state = _read_state_dict(weights)
    else:
        raise ValueError(
            f'expected weights "torchvision", "random" or a Path; got {weights!r}; give a file as Path(...)'
        )
    wanted = {
        f"{name}.{kind}": f"features.{place}.{kind}"
        for place, (name, layer) in enumerate(network.named_children())
        for kind, _ in layer.named_parameters()
    }
    ours = network.state_dict()
    wrong = [key for name, key in wanted.items() if key not in state or state[key].shape != ours[name].shape]
    if wrong:
        raise ValueError(
            f"expected torchvision's vgg19 in {weights}; {len(wrong)} of {len(wanted)} tensors are missing "
            f"or of another shape, the first of them {wrong[0]}; save vgg19(...).state_dict()"
        )
    network.load_state_dict({name: state[key] for name, key in wanted.items()})


def _torchvision_state_dict() -> Mapping[str, Tensor]:
    try:
        from torchvision.models import VGG19_Weights  # not before it is needed: it takes seconds to import
    except ImportError as error:
        raise ModuleNotFoundError(
            'weights "torchvision" need torchvision: pip install "gan-losses[perceptual]"'
        ) from error
    return VGG19_Weights.IMAGENET1K_V1.get_state_dict(check_hash=True, map_location="cpu", weights_only=True)


def _read_state_dict(path: Path) -> Mapping[str, Tensor]:
    if not path.is_file():
        raise FileNotFoundError(f"expected a .pth or .safetensors file of weights; {path} is none")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except ImportError as error:
        raise ModuleNotFoundError(
            '.safetensors files need safetensors: pip install "gan-losses[perceptual]"'
        ) from error
    except Exception as error:  # a damaged file fails in any way: KeyError, EOFError, UnpicklingError, ...
        reason = str(error).strip().partition("\n")[0]
        raise ValueError(
            f"expected a state dict in {path}, as safetensors or torch.save write it; got: {reason}"
        ) from error
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(
            f"expected tensors by name in {path}; got a {type(state).__name__}; save the state dict"
        )
    return state
