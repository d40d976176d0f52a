"""A manifest: the files of a folder with what is known of each, in one Parquet file."""

import os
import shlex
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan_data.base.errors import DataError
from gan_data.files._walk import name_in_order
from gan_data.files.manifest_format import KEY, WRITE, import_parquet, read_heading
from gan_data.files.search import Folder, PassedOver

if TYPE_CHECKING:
    import pyarrow

SUFFIX = ".parquet"


class Manifest:
    """An open manifest. Only its footer is in memory; the columns are mapped, and read in groups of rows.

    Args:
        path: the Parquet file.

    Attributes:
        path: the Parquet file.
        heading: what it says of all files.
        root: the folder of the files.
        groups: how many rows each group has.

    Raises:
        DataError: it is missing or no manifest, or pyarrow is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        metadata = self._file.metadata
        self.heading = read_heading(path, (metadata.metadata or {}).get(KEY))
        self.root = Path(os.path.normpath(path.parent / self.heading.root))  # as relpath made it
        self.groups = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]

    def __getstate__(self) -> dict[str, object]:
        """A copy for another process opens the file itself."""
        return {name: value for name, value in self.__dict__.items() if name != "_file"}

    def __len__(self) -> int:
        return sum(self.groups)

    def read(self, groups: range, columns: list[str]) -> "pyarrow.Table":
        """Some columns of neighboring groups."""
        return self._file.read_row_groups(list(groups), columns=columns, use_threads=False)

    def passed_over_in(self, folder: str) -> PassedOver:
        """What else the folder holds; other suffixes were counted for the whole root alone."""
        over = self.heading.passed_over
        special, links = (
            [self.root / path for path in paths if path.is_relative_to(folder)]
            for paths in (over.special, over.links)
        )
        return PassedOver(Counter() if folder else over.suffixes, special, links)

    def rows_of(self, folder: str) -> tuple[int, int]:
        """The first row of a subfolder, and the one after its last; "" is the root. Rows are sorted."""
        if not folder:
            return 0, len(self)
        parts = in_order(folder)
        return self._first(lambda key: key[: len(parts)] >= parts), self._first(
            lambda key: key[: len(parts)] > parts
        )

    def update_command(self) -> str:
        """The command that writes the manifest again."""
        words = ["gan-data", "index", str(self.root)]
        if default_path(self.root) != self.path.absolute():
            words += ["--out", str(self.path)]
        return shlex.join(words)

    def _first(self, found: Any) -> int:
        """The first row for which `found` of its key is true, as it is for all after it."""
        low, high = 0, len(self.groups)  # the first group whose last row is found
        while low < high:
            middle = (low + high) // 2
            last = self.read(range(middle, middle + 1), ["path"])["path"][-1].as_py()
            low, high = (low, middle) if found(in_order(last)) else (middle + 1, high)
        before = sum(self.groups[:low])
        if low == len(self.groups):
            return before
        paths = self.read(range(low, low + 1), ["path"])["path"]
        return before + next(row for row, path in enumerate(paths) if found(in_order(path.as_py())))

    @cached_property
    def _file(self) -> Any:
        parquet = import_parquet(self.path)
        if not self.path.exists():
            raise DataError(f"{self.path}: expected a manifest; this does not exist; {WRITE}")
        try:
            return parquet.ParquetFile(self.path, memory_map=True, pre_buffer=False)
        except (OSError, ValueError) as error:  # pyarrow's own errors are both
            words = str(error).partition("\n")[0]
            raise DataError(f"{self.path}: cannot be read as a manifest ({words}); {WRITE}") from None


def default_path(root: Path) -> Path:
    """Where the manifest of a folder lies: beside it, under its name."""
    named = Path(os.path.abspath(root))  # noqa: PTH100 - a link stays one: its own neighbors are writable
    return named.with_name(named.name + SUFFIX)


def manifest_in(folder: Folder) -> tuple[Path, str] | None:
    """The manifest that a path names, and the subfolder: `photos.parquet/trainA`; None for a folder."""
    path = Path(folder).expanduser()
    for each in (path, *path.parents):
        if each.suffix.lower() == SUFFIX and not each.is_dir():
            inside = path.relative_to(each).as_posix()
            return each, "" if inside == "." else inside
    return None


def in_order(path: str) -> list[tuple[str, str]]:
    """A key to sort paths by as folders are walked through."""
    return [name_in_order(part) for part in path.split("/")]
