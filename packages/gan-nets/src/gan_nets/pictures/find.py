"""The files that the arguments of a command name, and where the result of each is written."""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

PICTURES = frozenset({
    ".avif", ".bmp", ".dib", ".gif", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".jpx", ".pbm", ".pcx",
    ".pgm", ".png", ".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp",
})  # fmt: skip
VIDEOS = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ts", ".webm", ".wmv"})


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

    A folder is searched recursively for pictures and videos. Its structure is kept, and that of a glob from
    its first wildcard on. Hidden files and results of earlier calls are left out. For a single file, `out` is
    the file to write unless it is a folder or has no suffix.

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
        found = list(_find(name, out))
        if not found:
            failures.append(Failure(name, "there is no such picture or video; check the path"))
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
    if path.is_file():
        yield path, Path(path.name)
    elif path.is_dir():
        for file in sorted(path.rglob("*")):
            relative = file.relative_to(path)
            hidden = any(part.startswith(".") or part == "__MACOSX" for part in relative.parts)
            wanted = not hidden and not _is_result(file, path, out)
            if wanted and file.suffix.lower() in PICTURES | VIDEOS and file.is_file():
                yield file, relative
    elif glob.has_magic(name):
        root = Path(*path.parts[: next(i for i, part in enumerate(path.parts) if glob.has_magic(part))])
        for match in sorted(glob.glob(str(path), recursive=True)):  # noqa: PTH207 - of absolute ones, too
            file = Path(match)
            if file.is_file() and not _is_result(file, root, out):
                yield file, file.relative_to(root)


def _is_result(file: Path, root: Path, out: Path) -> bool:
    """Whether a file below `root` is in `out`, unless `root` is in `out` itself."""
    out = out.resolve()
    return file.resolve().is_relative_to(out) and not root.resolve().is_relative_to(out)
