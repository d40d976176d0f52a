"""Files of several manifests, or parts of one, that belong together row by row."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar, overload

from gan_data.files.indexed import Condition, IndexedFiles
from gan_data.files.manifest_format import arrow_compute

if TYPE_CHECKING:
    import pyarrow

Item = TypeVar("Item")
CITYSCAPES = ("_leftImg8bit", "_gtFine_labelIds", "_gtFine_instanceIds")  # endings of stems that match
AT_ONCE = 2**18  # rows that are compared
NAME = rf"(?s)^(?P<stem>.*?[^/])(?P<ending>(?:{'|'.join(CITYSCAPES)})?\.[^./]*)$"


class IndexedTuples(Sequence[Item], Generic[Item]):
    """Samples of several files each, such as pairs, that are never in memory all at once.

    Args:
        make: from the path of each column (or None) to a sample.
        columns: the files of each kind, all in the same order; None where there are none.
        chosen: those of the files of one kind that are among the samples.

    Attributes:
        columns: as given.
        chosen: as given.

    Examples:
        >>> from pathlib import Path
        >>> for file in ("data/a/1.png", "data/b/1.png"):
        ...     Path(file).parent.mkdir(parents=True)
        ...     write_image(file, torch.zeros(3, 8, 8))
        >>> manifest = index_folder("data").manifest
        >>> pairs = find_pairs(manifest / "a", manifest / "b")
        >>> len(pairs), [path.parent.name for path in pairs[0]]
        (1, ['a', 'b'])
    """

    def __init__(
        self,
        make: Callable[..., Item],
        columns: tuple[IndexedFiles | None, ...],
        chosen: IndexedFiles,
    ) -> None:
        self.make = make
        self.columns = columns
        self.chosen = chosen

    def __len__(self) -> int:
        return len(self.chosen)

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> list[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | list[Item]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        row = self.chosen.row(index)
        return self.make(*(None if files is None else files[row] for files in self.columns))

    def __iter__(self) -> Iterator[Item]:
        return (self[index] for index in range(len(self)))

    def pairs(self, a: int, b: int) -> "IndexedTuples[tuple[Path, Path]] | None":
        """Two kinds of files of these samples; None if there is one of them alone."""
        columns = self.columns[a], self.columns[b]
        return None if None in columns else IndexedTuples(pair_of, columns, self.chosen)

    def of_kind(self, number: int) -> "IndexedTuples[Path]":
        """The files of one kind, of which there are some."""
        return IndexedTuples(Path, (self.columns[number],), self.chosen)

    def where(self, condition: Condition) -> "IndexedTuples[Item]":
        """Those for whose file among the chosen ones a condition holds."""
        return IndexedTuples(self.make, self.columns, self.chosen.where(condition))

    def require_unchanged(self, index: int) -> None:
        """As of `IndexedFiles`, for all files of the sample."""
        row = self.chosen.row(index)
        for files in self.columns:
            if files is not None:
                files.require_unchanged(row)


def pair_of(a: Path, b: Path) -> tuple[Path, Path]:
    """Both."""
    return a, b  # a function of this module, which a process can be sent


def have_equal_stems(a: IndexedFiles, folder_a: Path, b: IndexedFiles, folder_b: Path) -> bool:
    """Whether two lists have the same names below their folders in the same order, each with one ending.

    Endings are suffixes, after those that Cityscapes adds to its stems. With one ending no name occurs twice.
    """
    endings: tuple[set[str], set[str]] = (set(), set())
    for start, stop in _steps(len(a) if len(a) == len(b) else 0):
        names = [_names(files, folder, start, stop) for files, folder in ((a, folder_a), (b, folder_b))]
        for found, table in zip(endings, names, strict=True):
            found |= {*table["ending"].unique().to_pylist()}
        if not names[0]["stem"].equals(names[1]["stem"]):
            return False
    return all(len(found) == 1 for found in endings)


def have_equal_sizes(a: IndexedFiles, b: IndexedFiles) -> bool:
    """Whether the images of two lists of the same length have the same sizes in the same order."""
    columns = ["height", "width"]
    return all(
        a.rows_between(*step, columns).equals(b.rows_between(*step, columns)) for step in _steps(len(a))
    )


def _steps(count: int) -> Iterator[tuple[int, int]]:
    return ((start, min(start + AT_ONCE, count)) for start in range(0, count, AT_ONCE))


def _names(files: IndexedFiles, folder: Path, start: int, stop: int) -> "pyarrow.Table":
    """Stems and endings of the names of some files, below a folder, in one Unicode form."""
    from pyarrow import Table

    compute = arrow_compute()
    inside = folder.relative_to(files.manifest.root).as_posix()
    paths = files.rows_between(start, stop, ["path"])["path"].combine_chunks()
    below = compute.utf8_slice_codeunits(paths, 0 if inside == "." else len(inside) + 1)
    names = compute.extract_regex(compute.utf8_normalize(below, form="NFC"), pattern=NAME)
    return Table.from_arrays(names.flatten(), ["stem", "ending"])
