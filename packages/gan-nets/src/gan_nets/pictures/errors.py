"""Errors in one sentence."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Literal


class UnsupportedError(ValueError):
    """A picture is sound, but of a kind that networks do not take."""


def reason(error: Exception, *names: str) -> str:
    """An error's message in one line, without a name before it; what to do about an error of the system."""
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be opened ({error.strerror}); check the path and its permissions"
    message = str(error).strip()
    for name in names:
        message = message.removeprefix(f"{name}: ")
    return " ".join(message.split("\n")) or f"is broken ({type(error).__name__})"


@contextmanager
def requires(extra: Literal["pictures", "video", "demo"]) -> Generator[None, None, None]:
    """Make a missing module inside the block one sentence that names the extra to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ImportError(
            f'this needs the module {error.name}; install it with: pip install "gan-nets[{extra}]", or from '
            f'a clone: pip install "packages/gan-nets[{extra}]" packages/gan-data packages/gan-colorspace'
        ) from error
