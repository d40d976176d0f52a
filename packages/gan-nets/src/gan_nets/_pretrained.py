"""Networks in folders: config.json holds the class and its arguments, model.safetensors the weights."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self, TypeVar, cast

from huggingface_hub import ModelCard, PyTorchModelHubMixin, snapshot_download
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from gan_nets._card import CARD, card_fields
from gan_nets._state import load_exactly
from gan_nets.usage import Usage

Net = TypeVar("Net", bound="PretrainedModule")

CONFIG, WEIGHTS, README = "config.json", "model.safetensors", "README.md"

NO_ARGUMENTS = ("class", "usage", "gan_nets")  # what config.json holds besides


class PretrainedModule(nn.Module, PyTorchModelHubMixin, library_name="gan-nets", model_card_template=CARD):
    """A module with `save_pretrained` and `from_pretrained`; config.json names its class.

    Attributes:
        usage: what it is for; set it before `save_pretrained` where it differs from the class's.
    """

    usage: Usage = Usage()

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        # The mixin records the constructor's arguments here, and writes them to config.json.
        net = super().__new__(cls, *args, **kwargs)
        arguments = cast("dict[str, Any] | None", net._hub_mixin_config) or {}
        net._hub_mixin_config = {"class": cls.__name__} | arguments
        return net

    def describe(self) -> dict[str, Any]:
        """What config.json holds: class, constructor's arguments, usage, and the version of gan_nets."""
        from gan_nets import __version__  # here, as the package itself imports this module

        arguments = cast("dict[str, Any]", self._hub_mixin_config)
        return arguments | {"usage": asdict(self.usage), "gan_nets": __version__}

    def _save_pretrained(self, save_directory: Path) -> None:
        (save_directory / CONFIG).write_text(json.dumps(self.describe(), indent=2) + "\n", encoding="utf-8")
        super()._save_pretrained(save_directory)

    def generate_model_card(self, *args: Any, **kwargs: Any) -> ModelCard:
        """The README.md that `save_pretrained` writes where there is none."""
        return super().generate_model_card(*args, **card_fields(self.describe()) | kwargs)

    @classmethod
    def from_pretrained(  # type: ignore[override]  # its options for pickles have no place here
        cls,
        pretrained_model_name_or_path: str | Path,
        *,
        revision: str | None = None,
        token: str | bool | None = None,
        cache_dir: str | Path | None = None,
        force_download: bool = False,
        local_files_only: bool = False,
        **overrides: Any,
    ) -> Self:
        """The network of a folder, or of a repository on the Hugging Face Hub, in eval mode.

        Args:
            pretrained_model_name_or_path: a folder, which never touches the network; a string that is no
                folder is the name of a repository.
            revision: branch, tag or commit of the repository.
            token: access token of the repository.
            cache_dir: where downloads are kept.
            force_download: download again what the cache already has.
            local_files_only: use the cache alone.
            overrides: constructor arguments that replace the stored ones.

        Raises:
            FileNotFoundError: a file of the folder is missing.
            ValueError: the folder holds another class, or its files do not fit the class.
        """
        folder = Path(pretrained_model_name_or_path)
        if isinstance(pretrained_model_name_or_path, str) and not folder.is_dir():
            folder = Path(
                snapshot_download(
                    pretrained_model_name_or_path,
                    revision=revision,
                    token=token,
                    cache_dir=cache_dir,
                    force_download=force_download,
                    local_files_only=local_files_only,
                    allow_patterns=[CONFIG, WEIGHTS],
                )
            )
        config = _read_config(folder / CONFIG)
        if config["class"] != cls.__name__:
            raise ValueError(
                f"{folder / CONFIG} describes a {config['class']}, not a {cls.__name__}; use gan_nets.load"
            )
        return _build(cls, config | overrides, folder)


def load(path: str | Path) -> nn.Module:
    """The network that `save_pretrained` wrote into a folder, in eval mode, on the CPU; local files only.

    Raises:
        FileNotFoundError: config.json or model.safetensors is missing.
        ValueError: config.json names no network of gan_nets, or the files do not fit it.
    """
    import gan_nets  # here, as the package itself imports this module

    folder = Path(path)
    config = _read_config(folder / CONFIG)
    name = config["class"]
    cls = getattr(gan_nets, name) if name in gan_nets.__all__ else None
    if not (isinstance(cls, type) and issubclass(cls, PretrainedModule)):
        raise ValueError(
            f"{folder / CONFIG} names the class {name!r}, which is no network of gan_nets "
            f"{gan_nets.__version__}; load it with the version that wrote it"
        )
    return _build(cls, config, folder)


def _read_config(path: Path) -> dict[str, Any]:
    """What `describe` gave; folders of before usage was stored have neither that nor a version."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; expected a folder written by save_pretrained")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not JSON ({error}); save the network again") from error
    if not isinstance(config, dict) or not isinstance(config.get("class"), str):
        raise ValueError(f'{path} has no "class"; expected the config.json that save_pretrained writes')
    return config


def _build(cls: type[Net], config: dict[str, Any], folder: Path) -> Net:
    weights = folder / WEIGHTS
    if not weights.is_file():
        raise FileNotFoundError(f"{weights} is missing; expected a folder written by save_pretrained")
    arguments = {key: value for key, value in config.items() if key not in NO_ARGUMENTS}
    try:
        net = cls(**arguments)
        if "usage" in config:
            net.usage = _usage(config["usage"])
    except (TypeError, ValueError) as error:
        raise ValueError(f"{folder / CONFIG} does not describe a {cls.__name__}: {error}") from error
    try:
        state = load_file(weights)
    except SafetensorError as error:
        raise ValueError(f"{weights} is damaged ({error}); save or download it again") from error
    load_exactly(net, state, source=str(weights))
    return net.eval()


def _usage(stored: Any) -> Usage:
    """From JSON, which has lists for tuples."""
    if not isinstance(stored, dict):
        raise ValueError(f"expected usage as a dict; got {stored!r}")
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in stored.items()}
    return Usage(**fields)
