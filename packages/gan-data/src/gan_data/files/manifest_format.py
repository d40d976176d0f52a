"""How a manifest is written: the columns and the heading of its Parquet file."""

import json
import os
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from gan_data.base.errors import DataError
from gan_data.files.search import PassedOver

if TYPE_CHECKING:
    import pyarrow

VERSION = 1
KEY = b"gan-data"  # of the metadata of the Parquet file
GROUP = 4096  # rows; a picture of a shuffled set is found by reading as many paths, in 0.2 ms
WRITE = "write it with: gan-data index FOLDER"


class Heading(NamedTuple):
    """What a manifest says of all its files.

    Attributes:
        root: the folder, relative to the one that holds the manifest.
        validation: the fraction of the files whose `split` is "validation".
        passed_over: what else the folder holds; paths are relative to `root`.
    """

    root: str
    validation: float
    passed_over: PassedOver

    def encoded(self) -> bytes:
        """As JSON, for the metadata of the Parquet file."""
        over = self.passed_over
        named = {"special": [*map(str, over.special)], "links": [*map(str, over.links)]}
        content = {"version": VERSION, "root": self.root, "validation": self.validation}
        return json.dumps(content | {"passed_over": {"suffixes": over.suffixes, **named}}).encode()


def schema() -> "pyarrow.Schema":
    """The columns of a manifest.

    The path is relative to the root, with slashes. mtime is the time of modification in ns. broken: the
    image cannot be decoded; then its header may still have a size. Of a file that cannot be read only the
    path is known. hash is SHA-256; gray: it has no color.
    """
    from pyarrow import binary, bool_, int32, int64, schema, string

    return schema(
        {
            "path": string(),
            "bytes": int64(),
            "mtime": int64(),
            "width": int32(),
            "height": int32(),
            "mode": string(),
            "format": string(),
            "gray": bool_(),
            "hash": binary(32),
            "split": string(),
            "broken": bool_(),
        }
    )


@contextmanager
def written_manifest(path: Path) -> Generator[Callable[["pyarrow.Table | Heading"], None]]:
    """A function that writes groups of rows, and at last the heading; `path` is replaced at the end.

    Raises:
        DataError: pyarrow is not installed.
    """
    parquet = import_parquet(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    compression = {name: "none" if name == "hash" else "snappy" for name in schema().names}
    try:
        with parquet.ParquetWriter(part, schema(), compression=compression, write_statistics=False) as writer:

            def write(content: "pyarrow.Table | Heading") -> None:
                if isinstance(content, Heading):
                    writer.add_key_value_metadata({KEY: content.encoded()})
                else:
                    writer.write_table(content, row_group_size=GROUP)

            yield write
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def read_heading(path: Path, encoded: bytes | None) -> Heading:
    """The heading of a manifest, from the metadata of its Parquet file.

    Raises:
        DataError: it is no manifest, or of another version.
    """
    content = {} if encoded is None else json.loads(encoded)
    if content.get("version") != VERSION:
        raise DataError(f"{path}: expected a manifest of this version of gan-data; {WRITE}")
    over = content["passed_over"]
    special, links = ([*map(Path, over[kind])] for kind in ("special", "links"))
    passed_over = PassedOver(Counter(over["suffixes"]), special, links)
    return Heading(content["root"], content["validation"], passed_over)


def arrow_compute() -> Any:
    """`pyarrow.compute`, whose functions are made when it is imported: types are unknown."""
    return import_module("pyarrow.compute")


def import_parquet(path: Path) -> Any:
    """`pyarrow.parquet`.

    Raises:
        DataError: pyarrow is not installed.
    """
    try:
        from pyarrow import parquet
    except ImportError:
        raise DataError(f"{path}: manifests need pyarrow; pip install pyarrow") from None
    return parquet
