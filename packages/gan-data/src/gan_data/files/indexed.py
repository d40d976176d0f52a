"""The files of a manifest as a sequence of paths that are never in memory all at once."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, reduce
from hashlib import file_digest, sha256
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from gan_data.base.errors import DataError
from gan_data.files.manifest import Manifest
from gan_data.files.manifest_format import arrow_compute
from gan_data.files.regular import open_regular

if TYPE_CHECKING:
    import pyarrow

COLUMNS_IN_MEMORY = 16  # of a group each
AT_ONCE = 64  # groups, when all are read: each reading costs more than a group's rows


class Condition(NamedTuple):
    """Which rows are meant: those whose column equals a value (or, of bytes, is below it), or the others."""

    column: str
    value: str | bytes | bool
    wanted: bool = True

    def mask(self, table: "pyarrow.Table") -> Any:
        """A boolean for each row; what is unknown does not equal the value."""
        from pyarrow import scalar

        compute = arrow_compute()
        column = table[self.column].combine_chunks()
        if isinstance(self.value, bytes):
            mask = compute.less(column, scalar(self.value, column.type))
        else:
            mask = compute.equal(column, self.value)
        mask = compute.fill_null(mask, False)
        return mask if self.wanted else compute.invert(mask)


def _conjunction(masks: Sequence[Any]) -> Any:
    """Where all of some masks are true; None if there is no mask."""
    return reduce(arrow_compute().and_, masks) if masks else None


class _Part(NamedTuple):
    """The rows of a group that are between the first and the last of some files."""

    group: int
    first: int
    last: int  # the one after it
    start: int  # the number of the first among the files without conditions


class IndexedFiles(Sequence[Path]):
    """The files of a manifest, or those below one folder that satisfy some conditions, in their order.

    As a sequence of paths, which begin with the manifest's root. What is in memory is a number for each
    group of rows, and a few groups.

    Args:
        manifest: the open manifest that lists them.
        rows: the first row, and the one after the last.
        conditions: those that hold for the rows.

    Attributes:
        manifest: as given.

    Examples:
        >>> from pathlib import Path
        >>> Path("photos").mkdir()
        >>> write_image("photos/1.png", torch.zeros(3, 8, 8))
        >>> files = find_images(index_folder("photos").manifest)
        >>> len(files), files[0].name
        (1, '1.png')
    """

    def __init__(
        self, manifest: Manifest, rows: tuple[int, int], conditions: tuple[Condition, ...] = ()
    ) -> None:
        self.manifest = manifest
        self._rows = rows
        self._conditions = conditions
        self._columns: dict[tuple[int, str], pyarrow.ChunkedArray] = {}

    def __getstate__(self) -> dict[str, object]:
        """A copy for another process, which reads what it needs itself."""
        names = ("manifest", "_rows", "_conditions")
        return {**{name: self.__dict__[name] for name in names}, "_columns": {}}

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> Path: ...
    @overload
    def __getitem__(self, index: slice) -> list[Path]: ...
    def __getitem__(self, index: int | slice) -> Path | list[Path]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        return self.manifest.root / self._value(*self._place(index), "path")

    def __iter__(self) -> Iterator[Path]:
        for block in self.blocks(["path"]):
            for path in block["path"].to_pylist():
                yield self.manifest.root / path

    def where(self, condition: Condition) -> "IndexedFiles":
        """Those for which a condition holds as well."""
        return IndexedFiles(self.manifest, self._rows, (*self._conditions, condition))

    def row(self, index: int) -> int:
        """The number of the file `index` without conditions.

        Raises:
            IndexError: there are not as many.
        """
        part, row = self._place(index)
        return self._parts[part].start + row

    def blocks(self, columns: list[str]) -> Iterator["pyarrow.Table"]:
        """Some columns of all files, some hundred thousand rows at a time."""
        for groups in self._all_groups():
            table, mask = self._read(groups, columns)
            yield (table if mask is None else table.filter(mask)).select(columns)

    def rows_between(self, start: int, stop: int, columns: list[str]) -> "pyarrow.Table":
        """Some columns of the files `start` to `stop`, of which there is at least one."""
        first, last = bisect_right(self._ends, start), bisect_right(self._ends, stop - 1)
        table, mask = self._read(range(first, last + 1), columns)
        chosen = table if mask is None else table.filter(mask)
        return chosen.select(columns).slice(start - (self._ends[first - 1] if first else 0), stop - start)

    def require_unchanged(self, index: int) -> None:
        """Make sure that the file `index` has the content that was indexed; one that was copied has.

        Raises:
            DataError: it has another content, or is missing.
        """
        place = self._place(index)
        name, size, mtime = (self._value(*place, column) for column in ("path", "bytes", "mtime"))
        if change := self.change(name, size, mtime, lambda: self._value(*place, "hash")):
            raise DataError(f"{self.manifest.root / name}: {'; '.join(change)}")

    def change(
        self, name: str, size: int | None, mtime: int | None, digest: Callable[[], bytes | None]
    ) -> tuple[str, str] | None:
        """What has changed about a file since it was indexed, and the remedy; None if nothing has.

        A file with another time of modification is hashed: a copy of the same content has not changed.

        Args:
            name: its value in the column `path`.
            size: that in `bytes`; None if the file could not be found, which is an error when it is opened.
            mtime: that in `mtime`.
            digest: returns that in `hash`, which is read only if it is needed.
        """
        path = self.manifest.root / name
        try:
            status = path.stat()
            same = status.st_size == size
            if same and status.st_mtime_ns != mtime:
                same = content_hash(path) == digest()
        except OSError:
            same = size is None
        if same:
            return None
        what = "has changed" if path.exists() else "is missing"
        problem = f"{what} since {self.manifest.path} was written"
        return problem, f"update it: {self.manifest.update_command()}"

    def fingerprint(self) -> str:
        """A hash of the contents of all files in their order, from the manifest alone.

        Raises:
            DataError: a file could not be read when the manifest was written.
        """
        whole = sha256()
        for block in self.blocks(["hash"]):
            if block["hash"].null_count:
                raise DataError(
                    f"{self.manifest.path}: has files that could not be read; repair or delete them, and "
                    f"update it: {self.manifest.update_command()}"
                )
            whole.update(b"".join(block["hash"].to_pylist()))
        return whole.hexdigest()

    @cached_property
    def _parts(self) -> list[_Part]:
        """The parts of the groups that have rows of these files."""
        start, stop = self._rows
        ends = list(accumulate(self.manifest.groups))
        parts: list[_Part] = []
        for group, (first, end) in enumerate(pairwise([0, *ends])):
            if end > start and first < stop:
                inside = max(start - first, 0), min(stop, end) - first
                parts.append(_Part(group, *inside, first + inside[0] - start))
        return parts

    @cached_property
    def _ends(self) -> list[int]:
        """How many files there are up to the end of each group."""
        if not self._conditions:
            return list(accumulate(part.last - part.first for part in self._parts))
        return list(accumulate(mask.true_count for mask in self._masks))

    @cached_property
    def _masks(self) -> list[Any]:
        """Of which rows of each part the conditions hold: a bit for each."""
        masks: list[Any] = []
        for groups in self._all_groups():
            _, mask = self._read(groups, [])
            before = 0
            for part in self._parts[groups.start : groups.stop]:
                count = part.last - part.first
                masks.append(mask.slice(before, count))
                before += count
        return masks

    def _all_groups(self) -> Iterator[range]:
        count = len(self._parts)
        return (range(first, min(first + AT_ONCE, count)) for first in range(0, count, AT_ONCE))

    def _place(self, index: int) -> tuple[int, int]:
        """The part that has the file `index`, and its row in the part."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"expected an index below {len(self)}; got {index}")
        index %= len(self)
        part = bisect_right(self._ends, index)
        row = index - (self._ends[part - 1] if part else 0)
        if self._conditions:
            row = arrow_compute().indices_nonzero(self._masks[part])[row].as_py()
        return part, row

    def _value(self, part: int, row: int, column: str) -> Any:
        """A value of a row of a part; the columns that were read last are kept."""
        key = part, column
        if key not in self._columns:
            if len(self._columns) >= COLUMNS_IN_MEMORY:
                self._columns.pop(next(iter(self._columns)))
            group = self._parts[part].group
            self._columns[key] = self.manifest.read(range(group, group + 1), [column])[column]
        return self._columns[key][self._parts[part].first + row].as_py()

    def _read(self, groups: range, columns: list[str]) -> tuple["pyarrow.Table", Any]:
        """The rows of some neighboring groups, and of which of them the conditions hold; None for all."""
        parts = self._parts[groups.start : groups.stop]
        conditions = {condition.column for condition in self._conditions}
        whole = self.manifest.read(
            range(parts[0].group, parts[-1].group + 1), sorted({*columns, *conditions})
        )
        table = whole.slice(parts[0].first, sum(part.last - part.first for part in parts))
        return table, _conjunction([condition.mask(table) for condition in self._conditions])


def content_hash(path: Path) -> bytes:
    """SHA-256 of a file.

    Raises:
        OSError: it cannot be read.
    """
    with open_regular(path) as file:
        return file_digest(file, "sha256").digest()
