"""What a safetensors file says of itself: checksums of its tensors, and the description of their network.

CRC-32 finds what disks and downloads do, not what somebody does on purpose. gan-trainers writes checksums of
the same form into its checkpoints.
"""

import json
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

CHECKSUMS = "checksums"  # the only key of the metadata, since safetensors writes several in random order


class Header(NamedTuple):
    """The metadata of a file.

    Attributes:
        tensors: checksums by the tensors' keys.
        description: of the network, if the file holds one.
        identity: checksum of the two, if there is a description.
    """

    tensors: dict[str, str]
    description: dict[str, Any] | None
    identity: str | None


def header_of(tensors: Mapping[str, Tensor], description: dict[str, Any]) -> tuple[dict[str, str], str]:
    """The metadata of a file of these tensors, and its identity."""
    content = {"tensors": {key: checksum(each) for key, each in tensors.items()}, "description": description}
    identity = _checksum_of_text(json.dumps(content))
    return {CHECKSUMS: json.dumps({**content, "identity": identity})}, identity


def read_header(metadata: Mapping[str, str] | None) -> Header | None:
    """The content of a file's metadata; None if it has no checksums, as the files of others.

    Raises:
        ValueError: it is damaged.
    """
    if metadata is None or CHECKSUMS not in metadata:
        return None
    try:
        content = json.loads(metadata[CHECKSUMS])
        identity = content.pop("identity", None)
        header = Header(content["tensors"], content.get("description"), identity)
        whole = isinstance(header.tensors, dict) and (header.description is None) == (identity is None)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"its header is damaged: {error}") from error
    if not whole or (identity is not None and identity != _checksum_of_text(json.dumps(content))):
        raise ValueError("the checksum of its header is another one")
    return header


def checksum(value: Tensor) -> str:
    """Of a tensor's type, shape and numbers: eight hexadecimal digits."""
    numbers = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
    return f"{zlib.crc32(numbers.data, zlib.crc32(f'{value.dtype} {tuple(value.shape)}'.encode())):08x}"


def _checksum_of_text(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"
