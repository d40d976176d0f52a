"""A network as it is stored: its description, and its tensors in a safetensors file."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from gan_nets.saving._checksums import checksum, read_header
from gan_nets.saving.arguments import short
from gan_nets.saving.usage import Usage

# Keys of a description besides the constructor's arguments. "weights" says for which file it was written.
NO_ARGUMENTS = ("class", "usage", "gan_nets", "weights")


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
        try:
            if not isinstance(stored, dict):
                raise ValueError(f"expected usage as a dict; got {short(stored)}")
            if unknown := sorted(stored.keys() - {field.name for field in fields(Usage)}):
                raise ValueError(f"unknown usage {short(unknown[0])}; a newer gan-nets may know it")
            # JSON has lists for tuples.
            arguments: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value for key, value in stored.items()
            }
            return Usage(**arguments)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{self.described_in} does not describe a {self.class_name}: {error}") from error

    def shapes(self) -> dict[str, Tensor]:
        """Its tensors on the meta device, which take no memory, under its own keys.

        Raises:
            FileNotFoundError: the file is missing.
            ValueError: the file is damaged.
        """
        with self._opened() as file:
            return {
                key.removeprefix(self.prefix): torch.empty(file.get_slice(key).get_shape(), device="meta")
                for key in self._keys(file)
            }

    def state_dict(self) -> dict[str, Tensor]:
        """Its tensors under its own keys.

        Raises:
            FileNotFoundError: the file is missing.
            ValueError: the file is damaged, or a tensor is not the one that was written.
        """
        with self._opened() as file:
            header = read_header(file.metadata())
            tensors = {key: file.get_tensor(key) for key in self._keys(file)}
            for key, value in tensors.items():
                if header is not None and header.tensors.get(key) != checksum(value):
                    raise ValueError(f"the checksum of {key} is another one")
        return {key.removeprefix(self.prefix): value for key, value in tensors.items()}

    def _keys(self, file: Any) -> list[str]:
        return [key for key in file.keys() if key.startswith(self.prefix)]  # noqa: SIM118  # no dict

    @contextmanager
    def _opened(self) -> Generator[Any]:
        if not self.weights.is_file():
            raise FileNotFoundError(
                f"{self.weights} is missing; expected a folder written by save_pretrained"
            )
        try:
            with safe_open(self.weights, "pt") as file:
                yield file
        except (SafetensorError, ValueError, RuntimeError) as error:
            raise ValueError(f"{self.weights} is damaged ({error}); save or download it again") from error
