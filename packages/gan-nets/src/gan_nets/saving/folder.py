"""A network on disk: a JSON file that describes it, and a safetensors file of its tensors."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_model
from torch import Tensor, nn

from gan_nets.saving.atomic import atomic_write
from gan_nets.saving.usage import Usage

CONFIG, WEIGHTS, README = "config.json", "model.safetensors", "README.md"
NO_ARGUMENTS = ("class", "usage", "gan_nets")  # keys of a description besides the constructor's arguments


class StoredNetwork(NamedTuple):
    """Where a network is stored.

    Attributes:
        description: what `PretrainedModule.describe` gave; old files lack "usage" and "gan_nets".
        described_in: the file that holds the description, for errors.
        weights: the file of its tensors.
        prefix: prefix of its keys in that file.
    """

    description: dict[str, Any]
    described_in: Path
    weights: Path
    prefix: str = ""

    @property
    def class_name(self) -> str:
        """Name of the network's class."""
        return self.description["class"]

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments of its constructor."""
        return {key: value for key, value in self.description.items() if key not in NO_ARGUMENTS}

    @property
    def usage(self) -> Usage | None:
        """What it is for, if that is stored.

        Raises:
            ValueError: what is stored is no usage.
        """
        stored = self.description.get("usage")
        if stored is None:
            return None
        if not isinstance(stored, dict):
            raise ValueError(f"expected usage as a dict; got {stored!r}")
        # JSON has lists for tuples.
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in stored.items()}
        return Usage(**fields)

    def state_dict(self) -> dict[str, Tensor]:
        """Its tensors under its own keys.

        Raises:
            FileNotFoundError: the file is missing.
            ValueError: the file is damaged.
        """
        if not self.weights.is_file():
            raise FileNotFoundError(
                f"{self.weights} is missing; expected a folder written by save_pretrained"
            )
        try:
            with safe_open(self.weights, "pt") as file:
                keys = [key for key in file.keys() if key.startswith(self.prefix)]  # noqa: SIM118  # no dict
                return {key.removeprefix(self.prefix): file.get_tensor(key) for key in keys}
        except SafetensorError as error:
            raise ValueError(f"{self.weights} is damaged ({error}); save or download it again") from error


def write_network(folder: Path, net: nn.Module, description: dict[str, Any]) -> None:
    """Write both files or, after an error, neither.

    Raises:
        OSError: they cannot be written.
    """
    target = folder / WEIGHTS
    with atomic_write(folder / CONFIG) as config, atomic_write(target) as weights:
        config.write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
        try:
            save_model(net, str(weights))
        except SafetensorError as error:
            raise OSError(
                f"{target} cannot be written ({error}); make room or choose another folder, and save again"
            ) from error
        weights.chmod(0o644)  # safetensors makes files that only their owner can read


def find_network(folder: Path) -> StoredNetwork:
    """The network that `save_pretrained` wrote into a folder.

    Raises:
        FileNotFoundError: there is no description.
        ValueError: the description is not JSON, or names no class.
    """
    path = folder / CONFIG
    description = read_json(path)
    check_description(description, path)
    return StoredNetwork(description, path, folder / WEIGHTS)


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
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not JSON ({error}); save the network again") from error


def check_description(description: Any, path: Path) -> None:
    """Raise ValueError unless the description names a class."""
    if not isinstance(description, dict) or not isinstance(description.get("class"), str):
        raise ValueError(f'{path} has no "class"; expected the config.json that save_pretrained writes')
