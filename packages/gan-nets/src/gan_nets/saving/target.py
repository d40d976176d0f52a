"""The file that a result is written to: checked beforehand, and named when it can't be written."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

PACKAGE, MANIFEST = ".mlpackage", "Manifest.json"  # of Core ML: a folder, and a file that is in each


def check_target(target: Path, *, overwrite: bool) -> None:
    """Check that a result can be written, before it is computed.

    Raises:
        FileExistsError: `target` exists and must not be overwritten.
        OSError: it is a folder; or the folder that it is to be in is a file, or can't be written to.
    """
    with writing(target):
        if target.suffix == PACKAGE:
            check_package(target)
        elif target.is_dir():
            raise IsADirectoryError(f"{target} is a folder; give a file")
        if target.exists() and not overwrite:
            raise FileExistsError(f"{target} exists already; overwrite=True or --overwrite replaces it")
        folder = next(each for each in target.absolute().parents if each.exists())
        if not folder.is_dir():
            raise NotADirectoryError(f"{target} can't be written: {folder} is a file; choose another place")
        if not os.access(folder, os.W_OK):
            raise PermissionError(f"{target} can't be written: {folder} is read-only; choose another place")


def check_package(target: Path) -> None:
    """Raise FileExistsError if something else than a package of Core ML would be replaced."""
    if target.exists() and not (target / MANIFEST).is_file():
        raise FileExistsError(f"{target} is no package of Core ML, and is not replaced; choose another place")


@contextmanager
def writing(target: Path) -> Generator[None]:
    """Make an error of the operating system inside the block one sentence about the file that is written."""
    try:
        yield
    except OSError as error:
        if error.strerror is None:
            raise
        advice = "free space there, or choose another place"
        raise OSError(f"{target} can't be written ({error.strerror.lower()}); {advice}") from error
