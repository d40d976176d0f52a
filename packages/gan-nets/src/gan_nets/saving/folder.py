"""A network on disk: a JSON file that describes it, and a safetensors file of its tensors."""

import json
import warnings
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from gan_nets.saving._checksums import header_of, read_header
from gan_nets.saving.atomic import atomic_write, flush, restored_after_error
from gan_nets.saving.stored import StoredNetwork

CONFIG, WEIGHTS, README = "config.json", "model.safetensors", "README.md"
LARGEST = 2**20  # bytes of a file that describes networks


def write_network(folder: Path, net: nn.Module, description: dict[str, Any]) -> None:
    """Write both files or, after an error, neither.

    The file of weights, which is replaced last, holds the description too. If the program ends after the
    first file, `find_network` takes the description there, which is that of the former network.

    Raises:
        OSError: they cannot be written.
    """
    config, target = folder / CONFIG, folder / WEIGHTS
    tensors = {key: value.detach().cpu().contiguous() for key, value in net.state_dict().items()}
    metadata, identity = header_of(tensors, description)
    described = description | {"weights": identity}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with restored_after_error(config), atomic_write(target) as weights:
            save_file(tensors, weights, metadata)
            weights.chmod(0o644)  # safetensors makes files that only their owner can read
            flush(weights)
            with atomic_write(config) as file:
                file.write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
                flush(file)
    except (OSError, SafetensorError) as error:
        raise OSError(
            f"{target} cannot be written ({error}); make room or choose another folder, and save again"
        ) from error


def find_network(folder: Path) -> StoredNetwork:
    """The network that `save_pretrained` wrote into a folder.

    Raises:
        FileNotFoundError: there is no description.
        ValueError: the description is not JSON, or names no class; or the file of weights is another one.
    """
    path, weights = folder / CONFIG, folder / WEIGHTS
    description = read_json(path)
    check_description(description, path)
    if "weights" in description and weights.is_file():
        description = _description_of(weights, description, path)
    return StoredNetwork(description, path, weights)


def _description_of(weights: Path, described: dict[str, Any], path: Path) -> dict[str, Any]:
    """`described` if it is of these weights, otherwise the description in their own file."""
    try:
        with safe_open(weights, "pt") as file:
            header = read_header(file.metadata())
    except SafetensorError:
        return described  # what is damaged is said when the tensors are read
    except ValueError as error:
        raise ValueError(f"{weights} is damaged ({error}); save or download it again") from error
    if header is None or header.description is None:
        raise ValueError(
            f"{weights} is not the file that {path} was written with; save both again, or remove "
            f'"weights" from {path.name} if they belong together'
        )
    if header.identity == described["weights"]:
        return described
    warnings.warn(
        f"{path} was written for other weights, by a save that did not end; the description in {weights} is "
        "used",
        stacklevel=2,
    )
    check_description(header.description, weights)
    return header.description


def read_json(path: Path) -> Any:
    """The content of a file that describes networks.

    Raises:
        FileNotFoundError: it is missing.
        ValueError: it is not JSON.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing; expected a folder written by save_pretrained, or the folder of a run"
        )
    if path.stat().st_size > LARGEST:
        raise ValueError(
            f"{path} has {path.stat().st_size} bytes; expected a description of {LARGEST} at most"
        )
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))  # as editors of Windows save it, too
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON ({error}); save the network again") from error


def check_description(description: Any, path: Path) -> None:
    """Raise ValueError unless the description names a class."""
    if not isinstance(description, dict) or not isinstance(description.get("class"), str):
        raise ValueError(f'{path} has no "class"; expected the config.json that save_pretrained writes')
