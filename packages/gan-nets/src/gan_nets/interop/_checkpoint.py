"""Read a file of tensors without executing anything that it holds."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

BASICSR_PARTS = ("params_ema", "params")  # averaged, and as trained


def read_checkpoint(path: str | Path) -> dict[str, Tensor]:
    """The state dict of a .safetensors file or of a file that torch.save wrote (.pth, .pt), on the CPU.

    BasicSR's files hold it one level down; of their two the averaged weights are taken.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged, would execute code, or holds something else than named tensors.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not a file; expected a .safetensors or .pth checkpoint")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle fails in any way: KeyError, EOFError, UnpicklingError, ...
        reason = str(error).strip().partition("\n")[0]
        raise ValueError(
            f"{path} is not a checkpoint that can be read safely ({reason}); expected tensors by name, "
            f"as safetensors or as torch.save writes a state dict"
        ) from error
    if isinstance(state, dict):
        state = next((state[part] for part in BASICSR_PARTS if isinstance(state.get(part), dict)), state)
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        content = f"a dict with {list(state)[:5]}" if isinstance(state, dict) else f"a {type(state).__name__}"
        raise ValueError(f"{path} holds {content}; expected one state dict; take the part that is one")
    return state
