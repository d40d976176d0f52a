"""Foreign weights from a file, of which nothing is executed."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor


def read_state_dict(path: Path, network: str, file: str) -> Mapping[str, Tensor]:
    """The tensors by name, on the CPU.

    Args:
        path: as torch.save or safetensors write it.
        network: whose weights they are, for errors.
        file: the name of the published file, for errors.

    Raises:
        FileNotFoundError: there is no file at the path.
        ValueError: it is damaged or unsafe.
    """
    if not path.is_file():
        raise FileNotFoundError(f"expected a file of {network}'s weights; got {path}, not a file")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file raises anything: KeyError, EOFError, UnpicklingError, ...
        raise ValueError(
            f"expected {network}'s state dict in {path}; got a file that is damaged or needs code to be "
            f"executed ({type(error).__name__}); get {file}"
        ) from error
    if not isinstance(state, Mapping):
        raise ValueError(
            f"expected {network}'s state dict in {path}; got a {type(state).__name__}; get {file}"
        )
    return state
