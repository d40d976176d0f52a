"""Read a file of tensors without executing any code in it."""

import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from gan_nets.interop._file_kind import AGAIN, is_legacy, kind_of
from gan_nets.interop._parts import take_state


def read_checkpoint(path: str | Path, *, part: str | None = None) -> dict[str, Tensor]:
    """The state dict of a safetensors file or of a file that torch.save wrote, on the CPU, whatever its name.

    Many files hold several state dicts by name, or several networks by the first words of their keys. Without
    `part` averaged weights ("params_ema") are preferred, then a generator ("g").

    Args:
        path: the file.
        part: name of one of the file's networks, such as "netG", or "generator" for the keys
            generator.model.1.weight and so on.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged, would execute code, holds other things than named tensors, or has
            no such part.

    Examples:
        >>> nets = {"g": {"weight": torch.zeros(2)}, "g_ema": {"weight": torch.ones(2)}}
        >>> torch.save(nets, "all.pth")
        >>> read_checkpoint("all.pth", part="g_ema")
        {'weight': tensor([1., 1.])}
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not a file; expected a .safetensors or .pth checkpoint")
    return take_state(_read(path), part, source=str(path))


def _read(path: Path) -> Any:
    kind = kind_of(path)
    try:
        if kind == "safetensors":
            return load_file(path)
        _check_sums(path)
        with warnings.catch_warnings(), path.open("rb") as file:  # of a path, torch believes the suffix
            warnings.simplefilter("ignore")  # about pickle protocols, before torch refuses such a file
            return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle raises any error: KeyError, EOFError, UnpicklingError, ...
        raise ValueError(f"{path} is not a checkpoint that can be read safely {_why(path, error)}") from error


def _check_sums(path: Path) -> None:
    """Compare a zip file's entries with their checksums, which torch does not.

    torch can be told to write none; then no entry fits.

    Raises:
        BadZipFile: an entry is damaged.
    """
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        names = [entry.filename for entry in archive.infolist() if entry.file_size]
        damaged = [name for name in names if not _is_whole(archive, name)]
    if 0 < len(damaged) < len(names):
        raise zipfile.BadZipFile(f"the checksum of {damaged[0]} is another one")


def _is_whole(archive: zipfile.ZipFile, name: str) -> bool:
    try:
        with archive.open(name) as entry:
            while entry.read(2**20):
                pass
    except zipfile.BadZipFile:
        return False
    return True


def _why(path: Path, error: Exception) -> str:
    """What is wrong and what to do; torch's own message advises executing the file."""
    named = re.search(r"GLOBAL ([\w.]+)", str(error))
    if named or _is_pickle(path):
        what = f"it would run {named[1]}" if named else "it holds more than tensors, or is damaged"
        return (
            f"({what}); if you trust it, extract its tensors in an environment with its code: "
            "torch.save(net.state_dict(), 'net.pth'), for a .pkl of projected-gan with "
            "net = pickle.load(open('network.pkl', 'rb'))['G_ema']"
        )
    return f"(it is cut off or damaged); {AGAIN}; expected tensors by name, as torch.save writes a state dict"


def _is_pickle(path: Path) -> bool:
    """Whether it is a whole pickle that torch.save did not write: it has a beginning and an end."""
    with path.open("rb") as file:
        begins = file.read(1) == b"\x80"
        file.seek(-1, 2)
        return begins and file.read(1) == b"." and not is_legacy(path)
