"""The state dict among whatever else a training script has put into a file."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

# Not learned and so not averaged: the other tensors of a state dict are the parameters, in their order.
BUFFERS = ("running_mean", "running_var", "num_batches_tracked", "weight_u", "weight_v")
PREFERRED = ("g", "netg", "generator", "params", "state_dict", "model")  # if none is averaged
ENDINGS = ("", "_state_dict")


def take_state(content: Any, part: str | None, *, source: str) -> dict[str, Tensor]:
    """The one state dict that is meant: the content itself, or one of those that it holds.

    Args:
        content: what a file held.
        part: the name of one of them; otherwise averaged weights come first, then a generator.
        source: what to call the content in an error.

    Raises:
        ValueError: there is none, there are several of which none is a generator, or none has that name.
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
        asked = f"no part {part!r}" if part else "several networks"
        raise ValueError(f"{source} holds {asked}; name one of its parts: {', '.join(parts)}")
    return parts[name]


def _is_state(content: Any) -> bool:
    return isinstance(content, Mapping) and all(
        isinstance(key, str) and isinstance(value, Tensor) for key, value in content.items()
    )


def _parts(content: Mapping[str, Any]) -> dict[str, dict[str, Tensor]]:
    """State dicts by name. FastGAN's average is a list of the parameters of "g", without their names."""
    parts = {name: dict(value) for name, value in content.items() if _is_state(value) and value}
    average = content.get("g_ema")
    if isinstance(average, list) and "g" in parts:
        parts["g_ema"] = _with_parameters(parts["g"], average)
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
    wanted = (plain + ending for plain in PREFERRED for ending in ENDINGS)
    return next((known[name] for name in wanted if name in known), None)
