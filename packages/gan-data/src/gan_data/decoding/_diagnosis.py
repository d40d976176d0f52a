"""Why a file cannot be used, as a `Finding`."""

from pathlib import Path

from PIL import Image, UnidentifiedImageError

from gan_data.base.errors import Finding


class UnsuitableError(Exception):
    """The file is intact, but its content cannot be used."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy


def diagnose(path: Path, error: Exception) -> Finding:
    """The problem with the file that made a decoder raise `error`, and the remedy."""
    return Finding(path, "error", *_problem_and_remedy(path, error))


def _problem_and_remedy(path: Path, error: Exception) -> tuple[str, str]:
    if isinstance(error, Image.DecompressionBombError):
        return f"has more pixels than are safe to decode ({error})", "make it smaller"
    if isinstance(error, UnidentifiedImageError):
        if path.stat().st_size == 0:
            return "is empty (0 bytes)", "copy it again or delete it"
        return "is not an image, despite its name", "delete it, or save it again as an image"
    if isinstance(error, OSError) and error.errno is not None:
        return f"cannot be opened ({error.strerror})", "check the path and its permissions"
    if isinstance(error, UnsuitableError):
        return error.problem, error.remedy
    return f"is truncated or corrupt ({error})", "copy it again or delete it"
