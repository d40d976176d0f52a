"""Errors in one sentence."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal


def reason(error: Exception) -> str:
    """The first line of an error's message; after an error of the operating system, what to do about it."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}; check the path and its permissions"
    return str(error).strip().split("\n")[0] or f"is broken ({type(error).__name__})"


@contextmanager
def requires(extra: Literal["pictures", "video", "demo"]) -> Generator[None, None, None]:
    """Make a missing module inside the block one sentence that names the extra to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ImportError(
            f'this needs the module {error.name}; install it with: pip install "gan-nets[{extra}]"'
        ) from error


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
