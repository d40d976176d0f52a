"""FFmpeg's errors in words."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from av.error import FFmpegError


def ffmpeg_words(error: FFmpegError) -> str:
    """What FFmpeg says, without numbers and names of its functions."""
    return (error.strerror or type(error).__name__).lower()


@contextmanager
def encoding(target: Path) -> Generator[None]:
    """Make FFmpeg's refusal of what is written a sentence; errors of the operating system pass."""
    try:
        yield
    except OSError:
        raise
    except FFmpegError as error:
        said, suffix = ffmpeg_words(error), target.suffix
        advice = "copy the source again" if suffix == ".mkv" else "write .mkv"
        raise ValueError(f"{target}: FFmpeg can't write this as {suffix} ({said}); {advice}") from error
