"""Nested plain data and tensors in two files, safetensors and JSON; loading them executes nothing.

Both carry checksums, of each tensor and of the JSON. CRC-32 finds what disks and copies do, not what somebody
does on purpose. gan-nets reads the tensors' checksums too.
"""

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from gan_trainers.base.atomic import flush

State = Mapping[str, Any]

_CHECKSUMS = "checksums"  # key of the metadata: JSON with the checksums of "tensors", by their keys
_CHECKSUM = "checksum"  # key of the JSON file


def write_state(folder: Path, name: str, state: State) -> None:
    """Write nested dicts, lists, numbers, strings and tensors as NAME.safetensors and NAME.json.

    Both are on the disk when this returns.

    Raises:
        TypeError: for any other value; only plain data is stored.
    """
    tensors: dict[str, Tensor] = {}
    tree = _pack(state, name, tensors)
    checksums = {"tensors": {key: _checksum_of(value) for key, value in tensors.items()}}
    save_file(tensors, folder / f"{name}.safetensors", {_CHECKSUMS: json.dumps(checksums)})
    text = json.dumps({**tree, _CHECKSUM: _checksum_of_text(json.dumps(tree))})
    (folder / f"{name}.json").write_text(text, encoding="utf-8")
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
        tensors = _read_tensors(file)
        file = file.with_suffix(".json")
        return _unpack(_read_tree(file), tensors)
    except (
        OSError,
        SafetensorError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        raise ValueError(
            f"cannot read the checkpoint's file {file}: {error}; remove the folder {folder} to resume "
            "from the checkpoint before it"
        ) from error


def _read_tensors(file: Path) -> dict[str, Tensor]:
    """The tensors of a file, compared with its checksums."""
    with safe_open(file, "pt") as opened:
        tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118 - no dict
        metadata: Mapping[str, str] = opened.metadata() or {}
    if _CHECKSUMS not in metadata:
        raise ValueError("it has no checksums")
    checksums = json.loads(metadata[_CHECKSUMS])["tensors"]
    for key, value in tensors.items():
        if checksums.get(key) != _checksum_of(value):
            raise ValueError(f"it is damaged, the checksum of {key} is another one")
    return tensors


def _read_tree(file: Path) -> Any:
    tree = json.loads(file.read_text("utf-8"))
    if not isinstance(tree, dict):
        raise TypeError(f"expected an object; got {type(tree).__name__}")
    if tree.pop(_CHECKSUM, None) != _checksum_of_text(json.dumps(tree)):
        raise ValueError("it is damaged, its checksum is another one")
    return tree


def _checksum_of(value: Tensor) -> str:
    """Of a tensor's type, shape and numbers: eight hexadecimal digits."""
    numbers = value.contiguous().reshape(-1).view(torch.uint8).numpy()
    return f"{zlib.crc32(numbers.data, zlib.crc32(f'{value.dtype} {tuple(value.shape)}'.encode())):08x}"


def _checksum_of_text(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


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
