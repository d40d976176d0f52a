"""Nested plain data and tensors in two files, safetensors and JSON; loading them executes nothing."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from gan_trainers.base.atomic import flush

State = Mapping[str, Any]


def write_state(folder: Path, name: str, state: State) -> None:
    """Write nested dicts, lists, numbers, strings and tensors as NAME.safetensors and NAME.json.

    Both are on the disk when this returns.

    Raises:
        TypeError: for any other value; only plain data is stored.
    """
    tensors: dict[str, Tensor] = {}
    tree = _pack(state, name, tensors)
    save_file(tensors, folder / f"{name}.safetensors")
    (folder / f"{name}.json").write_text(json.dumps(tree), encoding="utf-8")
    for suffix in ("safetensors", "json"):
        file = folder / f"{name}.{suffix}"
        file.chmod(0o644)  # safetensors creates files that only their owner can read
        flush(file)


def read_state(folder: Path, name: str) -> dict[str, Any]:
    """Read the files of `write_state`. Nothing in them is executed.

    Raises:
        ValueError: naming the file, if it is missing or damaged.
    """
    file = folder / f"{name}.safetensors"
    try:
        tensors = load_file(file)
        file = file.with_suffix(".json")
        return _unpack(json.loads(file.read_text("utf-8")), tensors)
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise ValueError(
            f"cannot read the checkpoint's file {file}: {error}; remove the folder {folder} to resume "
            "from the checkpoint before it"
        ) from error


def _pack(value: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    """JSON for `value`; its tensors go into `tensors`, each under its path in `value`."""
    if isinstance(value, Tensor):
        # A copy: safetensors refuses tensors that share memory, as tied weights do.
        tensors[path] = value.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
        return {"tensor": path}
    if isinstance(value, Mapping):
        return {"map": [[key, _pack(item, f"{path}.{key}", tensors)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        items = [_pack(item, f"{path}.{index}", tensors) for index, item in enumerate(value)]
        return {"tuple": items} if isinstance(value, tuple) else items
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a checkpoint holds plain data and tensors; got {type(value).__name__} at {path}")


def _unpack(tree: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(tree, list):
        return [_unpack(item, tensors) for item in tree]
    if not isinstance(tree, dict):
        return tree
    ((kind, content),) = tree.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "tuple":
        return tuple(_unpack(item, tensors) for item in content)
    return {key: _unpack(item, tensors) for key, item in content}
