"""Choose the state dict among the contents of a checkpoint."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

# Endings of the keys that are buffers; the other tensors of a state dict are the parameters, in order.
BUFFERS = ("running_mean", "running_var", "num_batches_tracked", "weight_u", "weight_v")
PREFERRED = ("g", "netg", "generator", "params", "state_dict", "model")  # if none has averaged weights
ENDINGS = ("", "_state_dict")


def take_state(content: Any, part: str | None, *, source: str) -> dict[str, Tensor]:
    """The content itself if it is a state dict, or one of those that it holds.

    Args:
        content: the content of a file.
        part: the name of one state dict; by default averaged weights are preferred, then a generator.
        source: name of the content in an error.

    Raises:
        ValueError: there is no state dict, none has that name, or there are several and none is preferred.
    """
    if _is_state(content):
        if part:
            raise ValueError(f"{source} is one state dict, without a part {part!r}; take it whole")
        return dict(content)
    parts = _parts(content) if isinstance(content, Mapping) else {}
    if not parts:
        held = f"a dict with {list(content)[:5]}" if isinstance(content, Mapping) else type(content).__name__
        raise ValueError(f"{source} holds {held}; expected one state dict, or some by name")
    name = part or _preferred(list(parts))
    if name not in parts:
        held = f"no part {part!r}" if part else "several networks"
        raise ValueError(f"{source} holds {held}; name one of its parts: {', '.join(parts)}")
    return parts[name]


def _is_state(content: Any) -> bool:
    return isinstance(content, Mapping) and all(
        isinstance(key, str) and isinstance(value, Tensor) for key, value in content.items()
    )


def _parts(content: Mapping[str, Any]) -> dict[str, dict[str, Tensor]]:
    """State dicts by name. FastGAN stores averaged weights as a list of the parameters of "g"."""
    parts = {name: dict(value) for name, value in content.items() if _is_state(value) and value}
    averaged = content.get("g_ema")
    if isinstance(averaged, list) and "g" in parts:
        parts["g_ema"] = _with_parameters(parts["g"], averaged)
    return parts


def _with_parameters(state: dict[str, Tensor], values: list[Tensor]) -> dict[str, Tensor]:
    names = [key for key in state if not key.endswith(BUFFERS)]
    if len(names) != len(values):
        raise ValueError(f"expected 'g_ema' to have the {len(names)} parameters of 'g'; got {len(values)}")
    return state | dict(zip(names, values, strict=True))


def _preferred(names: list[str]) -> str | None:
    averaged = [name for name in names if "ema" in name.lower().split("_")]
    for group in (averaged, names):
        if len(group) == 1:
            return group[0]
    known = {name.lower(): name for name in names}
    candidates = (plain + ending for plain in PREFERRED for ending in ENDINGS)
    return next((known[name] for name in candidates if name in known), None)
