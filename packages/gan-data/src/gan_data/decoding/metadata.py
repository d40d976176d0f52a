"""PNGs with metadata that unpacks to more than Pillow reads."""

import math
import struct
import zlib
from collections.abc import Iterator

from PIL import PngImagePlugin

SIGNATURE = b"\x89PNG\r\n\x1a\n"
METADATA = frozenset({b"tEXt", b"zTXt", b"iTXt", b"iCCP"})
ORIENTING_TEXTS = frozenset({b"exif", b"Raw profile type exif", b"XML:com.adobe.xmp", b"xmp"})


def without_large_metadata(data: bytes) -> bytes:
    """The content of a file without the texts and the color profile that Pillow refuses to unpack.

    Pillow refuses a whole PNG for a packed text or profile of more than a MiB, or texts of more than 64 MiB
    (`PngImagePlugin.MAX_TEXT_CHUNK`, `MAX_TEXT_MEMORY`): a small file could hold GB of them. Programs that
    generate or edit images save such texts. Those in which Pillow looks for an orientation are kept, and
    stored unpacked up to 32 MiB.

    Args:
        data: the content of a file of any format.

    Returns:
        `data` itself, unless it is a PNG with such metadata.

    Examples:
        >>> without_large_metadata(b"another format")  # returned as it is
        b'another format'
    """
    if not data.startswith(SIGNATURE):
        return data
    kept, room = [SIGNATURE], PngImagePlugin.MAX_TEXT_MEMORY
    for kind, content, chunk in _chunks(data):
        size = _unpacked_size(kind, content) if kind in METADATA else 0
        if content.partition(b"\0")[0] in ORIENTING_TEXTS and size == math.inf:
            kept.append(_unpacked(kind, content))
        elif size <= room:
            kept.append(chunk)
            room -= int(size)
    smaller = b"".join(kept)
    return data if smaller == data else smaller


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """The kind, content and whole of each chunk; of a truncated file the rest as the last one."""
    place = len(SIGNATURE)
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8].ljust(8, b"\0"))
        end = place + 12 + length  # with the checksum
        yield kind, data[place + 8 : end - 4], data[place:end]
        place = end


def _unpacked_size(kind: bytes, content: bytes) -> float:
    """Bytes of a text or profile, infinite if it unpacks to more than Pillow would."""
    _, packed = _packed_part(kind, content)
    if packed is None:
        return len(content)
    unpacking = zlib.decompressobj()
    try:
        unpacked = unpacking.decompress(packed, PngImagePlugin.MAX_TEXT_CHUNK)
    except zlib.error:  # Pillow ignores such a one
        return 0
    return math.inf if unpacking.unconsumed_tail else len(unpacked)


def _unpacked(kind: bytes, content: bytes) -> bytes:
    """A chunk with the same text, not packed."""
    head, packed = _packed_part(kind, content)
    text = zlib.decompressobj().decompress(packed or b"", PngImagePlugin.MAX_TEXT_MEMORY // 2)
    kind, content = (b"tEXt", head[:-1]) if kind == b"zTXt" else (kind, head.replace(b"\0\1", b"\0\0", 1))
    content += text
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _packed_part(kind: bytes, content: bytes) -> tuple[bytes, bytes | None]:
    """What a chunk begins with, such as a keyword, and the packed rest; None if nothing is packed."""
    rest = content.partition(b"\0")[2]
    if kind == b"tEXt" or (kind == b"iTXt" and rest[:1] != b"\1"):
        return content, None
    packed = rest.split(b"\0", 3)[-1] if kind == b"iTXt" else rest[1:]
    return content[: len(content) - len(packed)], packed
