"""Writing the manifest of a folder, of which unchanged files are not opened again."""

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from gan_data.base.errors import DataError, Finding
from gan_data.base.threads import map_in_threads
from gan_data.checking._inspection import describe_image
from gan_data.decoding.sizes import read_size
from gan_data.files.indexed import IndexedFiles, content_hash
from gan_data.files.manifest import SUFFIX, Manifest, default_path, in_order
from gan_data.files.manifest_format import GROUP, Heading, import_parquet, schema, written_manifest
from gan_data.files.search import Folder, PassedOver, found_in
from gan_data.files.split import number_of

Row = dict[str, Any]


class Indexed(NamedTuple):
    """The result of indexing a folder.

    Attributes:
        manifest: the file that was written.
        files: how many images it lists.
        opened: how many of them are new or changed, and were opened.
        broken: how many cannot be decoded.
        gone: how many were listed before and are gone.
        passed_over: what else the folder holds.

    Examples:
        >>> from pathlib import Path
        >>> Path("photos").mkdir()
        >>> write_image("photos/1.png", torch.zeros(3, 8, 8))
        >>> found = index_folder("photos")
        >>> found.files, found.opened, found.broken
        (1, 1, 0)
    """

    manifest: Path
    files: int
    opened: int
    broken: int
    gone: int
    passed_over: PassedOver


def index_folder(
    folder: Folder,
    out: Folder | None = None,
    *,
    validation: float = 0.1,
    workers: int | None = None,
    report: Callable[[int, int], None] = lambda files, opened: None,  # noqa: ARG005
) -> Indexed:
    """Write the manifest of a folder: what `find_images` finds, in its order, and what each file is.

    New files, and those whose size or time of modification is another than in an earlier manifest, are
    hashed and decoded; those that are gone are dropped. An interrupted call leaves the earlier manifest.

    Args:
        folder: a folder, including its subfolders.
        out: the manifest; if not given, it lies beside the folder: `photos.parquet` beside `photos`. It
            holds the folder's path relative to its own, so both can be moved together.
        validation: the fraction of the files to mark as held out; see `split_by_content`. Another fraction
            can be asked for later on.
        workers: threads that read and decode; if not given, a few more than the machine has cores.
        report: called after some thousand files with their number so far, and of those opened, if any were.

    Raises:
        DataError: there is no such folder, no image is in it, a name is not Unicode, `out` is another file
            than a manifest, or pyarrow is not installed.
        ValueError: `validation` is not between 0 and 1.

    Examples:
        >>> from pathlib import Path
        >>> Path("photos").mkdir()
        >>> write_image("photos/1.png", torch.zeros(3, 8, 8))
        >>> index_folder("photos").manifest.name
        'photos.parquet'
        >>> index_folder("photos").opened  # nothing has changed
        0
    """
    if not 0 < validation < 1:
        raise ValueError(f"expected a fraction between 0 and 1 to hold out; got {validation}")
    root = Path(folder).expanduser()
    path = default_path(root) if out is None else Path(out).expanduser()
    if path.suffix.lower() != SUFFIX:
        raise DataError(f"{path}: expected a name that ends in {SUFFIX}; rename it")
    relative = Path(os.path.relpath(root, path.parent)).as_posix()
    known = _Known(path, relative)
    passed_over = PassedOver()
    found = found_in(root, passed_over)
    files = opened = broken = 0
    import_parquet(path)
    from pyarrow import Table

    with written_manifest(path) as write:
        while group := list(islice(found, GROUP)):
            rows, new = _rows(root, group, known, validation, workers)
            write(Table.from_pylist(rows, schema()))
            files, opened, broken = files + len(rows), opened + new, broken + sum(r["broken"] for r in rows)
            if new:
                report(files, opened)
        if not files:
            raise DataError(f"{root}: expected images to index; the folder holds none; check the path")
        inside = PassedOver(
            passed_over.suffixes,
            *([p.relative_to(root) for p in paths] for paths in (passed_over.special, passed_over.links)),
        )
        write(Heading(relative, validation, inside))
    return Indexed(path, files, opened, broken, known.gone(), passed_over)


class _Known:
    """The rows of an earlier manifest, which are asked for in their order."""

    def __init__(self, path: Path, root: str) -> None:
        self._rows: Iterator[Row] = iter(())
        self._passed = 0  # rows that were not asked for
        if path.exists() and (manifest := Manifest(path)).heading.root == root:
            files = IndexedFiles(manifest, (0, len(manifest)))
            self._rows = (row for block in files.blocks(schema().names) for row in block.to_pylist())
        self._next = next(self._rows, None)

    def row(self, path: str) -> Row | None:
        """That of a path, after all that were asked for before."""
        place = in_order(path)
        while self._next is not None and in_order(self._next["path"]) < place:
            self._next = next(self._rows, None)
            self._passed += 1
        if self._next is None or self._next["path"] != path:
            return None
        row, self._next = self._next, next(self._rows, None)
        return row

    def gone(self) -> int:
        """How many rows nothing asked for."""
        left = 0 if self._next is None else 1 + sum(1 for _ in self._rows)
        return self._passed + left


def _rows(
    root: Path, paths: Iterable[Path], known: _Known, validation: float, workers: int | None
) -> tuple[list[Row], int]:
    """The rows of some files, and how many of these were opened."""
    rows: list[Row] = []
    changed: list[tuple[int, Path]] = []
    for path in paths:
        row = _found(root, path)
        old = known.row(row["path"])
        if old and old["hash"] and (old["bytes"], old["mtime"]) == (row["bytes"], row["mtime"]):
            row = old
        else:
            changed.append((len(rows), path))
        rows.append(row)
    contents = map_in_threads(_content, [path for _, path in changed], workers)
    for (place, _), content in zip(changed, contents, strict=True):
        rows[place] |= content
    for row in rows:
        held_out = row["hash"] and number_of(row["hash"]) <= validation
        row["split"] = row["hash"] and ("validation" if held_out else "train")
    return rows, len(changed)


def _found(root: Path, path: Path) -> Row:
    """What the system says of a file."""
    name = path.relative_to(root).as_posix()
    try:
        name.encode()
    except UnicodeEncodeError:
        raise DataError(f"{path}: expected a name in Unicode, as manifests have; rename it") from None
    try:
        status = path.stat()
    except OSError:  # a link to nowhere: its row says that it is broken
        return {"path": name, "bytes": None, "mtime": None}
    return {"path": name, "bytes": status.st_size, "mtime": status.st_mtime_ns}


def _content(path: Path) -> Row:
    """What is in a file."""
    description = describe_image(path)
    broken = isinstance(description, Finding)
    size = read_size(path) if broken else description.size
    height, width = (None, None) if isinstance(size, Finding) else size
    mode, stored, gray = (None, None, None) if broken else description[1:]
    try:
        digest = content_hash(path)
    except OSError:
        digest = None
    row: Row = {"width": width, "height": height, "mode": mode, "format": stored, "gray": gray}
    return row | {"hash": digest, "broken": broken}
