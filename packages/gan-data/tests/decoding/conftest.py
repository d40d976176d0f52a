"""PNG files with chunks that Pillow does not write."""

import struct
import zlib

import pytest


@pytest.fixture
def png(tmp_path):
    """Writes x.png, one row of two pixels, with other chunks (kind, content) before and after its pixels."""

    def write(depth, color_type, row, before=(), after=()):
        header = struct.pack(">IIBBBBB", 2, 1, depth, color_type, 0, 0, 0)
        pixels = (b"IDAT", zlib.compress(b"\0" + row))
        chunks = [(b"IHDR", header), *before, pixels, *after, (b"IEND", b"")]
        parts = [
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
            for kind, content in chunks
        ]
        path = tmp_path / "x.png"
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
        return path

    return write
