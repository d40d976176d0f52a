"""Checksums of the tensors in a safetensors file, kept in its own metadata.

CRC-32 finds what disks and downloads do, not what somebody does on purpose. gan-trainers writes the same into
its checkpoints.
"""

import json
import zlib
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

CHECKSUMS = "checksums"  # key of the metadata: JSON, from the tensors' keys to their checksums


def checksum(value: Tensor) -> str:
    """Of a tensor's type, shape and numbers: eight hexadecimal digits."""
    numbers = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
    return f"{zlib.crc32(numbers.data, zlib.crc32(f'{value.dtype} {tuple(value.shape)}'.encode())):08x}"


def checksum_of_text(text: str) -> str:
    """Of a text: eight hexadecimal digits."""
    return f"{zlib.crc32(text.encode()):08x}"


def read_checksums(metadata: Mapping[str, str] | None) -> dict[str, Any] | None:
    """The checksums in a file's metadata; None if it has none, as the files of others.

    Raises:
        ValueError: the metadata is damaged.
    """
    if metadata is None or CHECKSUMS not in metadata:
        return None
    found = json.loads(metadata[CHECKSUMS])
    if not isinstance(found, dict):
        raise ValueError("its checksums are no dict")
    return found
