"""From what was named on a command line to files, and where the result of each goes."""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

PICTURES = frozenset(
    {
        ".avif",
        ".bmp",
        ".dib",
        ".gif",
        ".j2k",
        ".jfif",
        ".jp2",
        ".jpe",
        ".jpeg",
        ".jpg",
        ".jpx",
        ".pbm",
        ".pcx",
    }
    | {".pgm", ".png", ".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp"}
)
VIDEOS = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ts", ".webm", ".wmv"})


class Job(NamedTuple):
    """A file, and where its result goes."""

    source: Path
    target: Path


class Failure(NamedTuple):
    """What was not done, and why."""

    source: str
    reason: str


def jobs_of(inputs: Sequence[str], out: Path) -> tuple[list[Job], list[Failure]]:
    """What there is to do.

    A folder is searched in depth for pictures and videos and its structure kept, which a glob's is too from
    its first wildcard on; hidden files, and results of before, are left out. For a single file, `out` is the
    file to write unless it is a folder or has no suffix.

    Raises:
        ValueError: `out` is a file and there are several.
    """
    if len(inputs) == 1 and Path(inputs[0]).is_file() and out.suffix and not out.is_dir():
        return [Job(Path(inputs[0]), out)], []
    if out.is_file():
        raise ValueError(f"expected OUT to be a folder for several files; got the file {out}")
    jobs: dict[Path, Job] = {}
    failures = []
    for name in inputs:
        found = list(_found(name, out))
        if not found:
            failures.append(Failure(name, "there is no such picture or video; check the path"))
        for path, place in found:
            job = Job(path, out / place)
            if jobs.setdefault(job.target, job).source != path:
                other = jobs[job.target].source
                failures.append(
                    Failure(str(path), f"its result would replace that of {other}; name one at a time")
                )
    return list(jobs.values()), failures


def _found(name: str, out: Path) -> Iterator[tuple[Path, Path]]:
    """Files, and their places below the folder that was named."""
    path = Path(name).expanduser()
    if path.is_file():
        yield path, Path(path.name)
    elif path.is_dir():
        for file in sorted(path.rglob("*")):
            place = file.relative_to(path)
            hidden = any(part.startswith(".") or part == "__MACOSX" for part in place.parts)
            wanted = not hidden and not _is_result(file, path, out)
            if wanted and file.suffix.lower() in PICTURES | VIDEOS and file.is_file():
                yield file, place
    elif glob.has_magic(name):
        root = Path(*path.parts[: next(i for i, part in enumerate(path.parts) if glob.has_magic(part))])
        for match in sorted(glob.glob(str(path), recursive=True)):  # noqa: PTH207 - of absolute ones, too
            file = Path(match)
            if file.is_file() and not _is_result(file, root, out):
                yield file, file.relative_to(root)


def _is_result(file: Path, root: Path, out: Path) -> bool:
    """Whether a file that was found below `root` is in `out`, unless that is where to look."""
    out = out.resolve()
    return file.resolve().is_relative_to(out) and not root.resolve().is_relative_to(out)
