"""The files that the arguments of a command name, and where the result of each is written."""

import glob
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from gan_nets.pictures.errors import requires

VIDEOS = frozenset({
    ".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ts", ".vob",
    ".webm", ".wmv",
})  # fmt: skip


class Job(NamedTuple):
    """A file, and where its result is written."""

    source: Path
    target: Path


class Failure(NamedTuple):
    """A file or argument that was not translated, and why."""

    source: str
    reason: str


def find_jobs(inputs: Sequence[str], out: Path) -> tuple[list[Job], list[Failure]]:
    """The files to translate, and the inputs that can't be.

    A folder is searched for pictures and videos by `gan_data.search_folder`, with a warning on what was
    passed over. Its structure is kept, and that of a glob from its first wildcard on; brackets in the name of
    a folder that exists are none. Results of earlier calls are left out. For a single file, `out` is the file
    to write unless it is a folder or has no suffix.

    Args:
        inputs: files, folders and globs.
        out: a folder, or a file for a single file.

    Raises:
        ValueError: `out` is a file and there are several inputs.
    """
    if len(inputs) == 1 and Path(inputs[0]).is_file() and out.suffix and not out.is_dir():
        return [Job(Path(inputs[0]), out)], []
    if out.is_file():
        raise ValueError(f"expected OUT to be a folder for several files; got the file {out}")
    jobs: dict[Path, Job] = {}
    failures: list[Failure] = []
    for name in inputs:
        try:
            found = list(_find(name, out))
        except ValueError as error:  # a folder that can't be read
            failures.append(Failure(name, str(error)))
            continue
        if not found:
            empty = Path(name).expanduser().is_dir()
            what = "no picture or video in this folder" if empty else "no such picture or video"
            failures.append(Failure(name, f"there is {what}; check the path"))
        for path, relative in found:
            job = Job(path, out / relative)
            other = jobs.setdefault(job.target, job).source
            if other != path:
                reason = f"its result would replace that of {other}; translate one at a time"
                failures.append(Failure(str(path), reason))
    return list(jobs.values()), failures


def _find(name: str, out: Path) -> Iterator[tuple[Path, Path]]:
    """Files, and their paths relative to the folder that is searched."""
    path = Path(name).expanduser()
    if path.is_dir():
        for file in _in_folder(path):
            if not _is_result(file, path, out):
                yield file, file.relative_to(path)
    elif path.exists():
        yield path, Path(path.name)
    elif glob.has_magic(name):
        root = _literal(path)
        pattern = path.relative_to(root)
        for match in sorted(glob.glob(str(pattern), root_dir=root, recursive=True)):  # noqa: PTH207
            file = root / match
            if file.is_file() and not _is_result(file, root, out):
                yield file, Path(match)


def _in_folder(folder: Path) -> list[Path]:
    with requires("pictures"):
        from gan_data import IMAGE_SUFFIXES, search_folder
    found = search_folder(folder, IMAGE_SUFFIXES | VIDEOS)
    if found.passed_over:
        warnings.warn(f"{folder}: passed over {found.passed_over}", stacklevel=2)
    return found.files


def _literal(path: Path) -> Path:
    """The folders before a glob's first wildcard; brackets in the name of one that exists are none."""
    root = Path(path.anchor)
    for part in path.relative_to(root).parts[:-1]:
        wild = "*" in part or "?" in part or (glob.has_magic(part) and not (root / part).is_dir())
        if wild:
            break
        root /= part
    return root


def _is_result(file: Path, root: Path, out: Path) -> bool:
    """Whether a file below `root` is in `out`, unless `root` is in `out` itself."""
    out = out.resolve()
    return file.resolve().is_relative_to(out) and not root.resolve().is_relative_to(out)
