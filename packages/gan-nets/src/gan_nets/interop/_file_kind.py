"""What a file is, by its first bytes: tensors of one of three formats, or what came in their place."""

import json
import zipfile
from pathlib import Path
from typing import Literal

Kind = Literal["safetensors", "zip", "pickle"]

LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # the number that torch.save wrote before 1.6
LONGEST_HEADER = 100_000_000  # bytes, safetensors' own limit
AGAIN = "download it again"
FOREIGN = {  # by the first bytes, in lower case
    b"<!doctype": f"is a web page (HTML); {AGAIN}, from the address of the file itself",
    b"<html": f"is a web page (HTML); {AGAIN}, from the address of the file itself",
    b"<?xml": f"is a page of XML, as servers send for an error; {AGAIN}",
    b"<": f"is a page of HTML or XML; {AGAIN}, from the address of the file itself",
    b"version https://git-lfs": "is a git-lfs pointer to the file; fetch the file with `git lfs pull`",
    b"{": "is JSON, not tensors; choose the file of weights",
    b"\x1f\x8b": "is a gzip archive; unpack it first",
    b"bzh": "is a bzip2 archive; unpack it first",
    b"\xfd7zxz": "is an xz archive; unpack it first",
    b"7z\xbc\xaf": "is a 7z archive; unpack it first",
    b"rar!": "is a RAR archive; unpack it first",
    b"\x89hdf": "is an HDF5 file, as Keras writes; expected a checkpoint of PyTorch",
    b"\x93numpy": "is an array of NumPy; expected tensors by name",
    b"\x89png": "is a picture; choose the file of weights",
    b"\xff\xd8\xff": "is a picture; choose the file of weights",
    b"%pdf": "is a PDF; choose the file of weights",
}


def kind_of(path: Path) -> Kind:
    """The format of a file of tensors, whatever its name.

    Raises:
        ValueError: it is empty, cut off, or something else, which is named.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(512)
    if not head:
        raise ValueError(f"{path} is empty (0 bytes); {AGAIN}")
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= LONGEST_HEADER:
        _check_length(path, size, int.from_bytes(head[:8], "little"))
        return "safetensors"
    if head.startswith(b"PK\x03\x04"):
        _check_zip(path)
        return "zip"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for start, what in FOREIGN.items():
        if text.lower().startswith(start):
            raise ValueError(f"{path} {what}")
    if head[257:262] == b"ustar":
        raise ValueError(f"{path} is a tar archive; unpack it first")
    if text[:64].isascii() and text[:64].decode().isprintable() and b" " in text[:64]:
        raise ValueError(f"{path} is a text ({text[:60].decode()!r}), not tensors; {AGAIN}")
    return "pickle"


def is_legacy(path: Path) -> bool:
    """Whether torch.save wrote the file before torch 1.6, rather than pickle alone."""
    with path.open("rb") as file:
        return file.read(len(LEGACY)) == LEGACY


def _check_length(path: Path, size: int, header: int) -> None:
    """Raise ValueError if a safetensors file ends before its tensors do."""
    needed = 8 + header
    if size >= needed:
        with path.open("rb") as file:
            content = file.read(needed)[8:]
        try:
            entries = json.loads(content)
            needed += max(
                (each["data_offsets"][1] for name, each in entries.items() if name != "__metadata__"),
                default=0,
            )
            cut = size < needed
        except (AttributeError, KeyError, IndexError, TypeError, ValueError, RecursionError):
            return  # damaged in another way, which the reader says
    else:
        cut = True
    if cut:
        raise ValueError(f"{path} is cut off: it has {size} of {needed} bytes; {AGAIN}")


def _check_zip(path: Path) -> None:
    """Raise ValueError for a zip archive that torch.save did not write."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise ValueError(f"{path} is cut off or damaged (the zip archive has no end); {AGAIN}") from error
    names = [member.filename for member in members]
    if any(name.endswith("/constants.pkl") for name in names):
        raise ValueError(
            f"{path} is a TorchScript program, which is code; save its tensors where you trust it: "
            "torch.save(torch.jit.load('net.pt').state_dict(), 'net.pth')"
        )
    packed = any(member.compress_type != zipfile.ZIP_STORED for member in members)
    if packed or not any(name.endswith("data.pkl") for name in names):
        raise ValueError(f"{path} is a zip archive of {', '.join(names[:3])}; unpack it and choose a file")
