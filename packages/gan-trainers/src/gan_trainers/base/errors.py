"""A user's mistake on the command line ends in one sentence."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class OptionError(ValueError):
    """An option, or a pair of options, that makes no sense; its message names the option as it is typed.

    Examples:
        >>> from pathlib import Path
        >>> RunOptions(out=Path("runs/mine"), accumulate=0)
        Traceback (most recent call last):
            ...
        gan_trainers.base.errors.OptionError: --accumulate must be a whole number of at least 1; got 0
    """


@contextmanager
def plain_errors() -> Iterator[None]:
    """Print an error that one of this project's packages raised as one line, `error: ...`, and exit.

    The packages' ValueError, OSError and FloatingPointError say what is wrong and what to do; a traceback
    would only hide it. All other errors keep their traceback, and so do these when the environment variable
    GAN_TRACEBACK is set.

    Raises:
        SystemExit: in place of such an error: with code 2 for an `OptionError`, 1 otherwise.

    Examples:
        >>> import contextlib, io
        >>> screen = io.StringIO()
        >>> with contextlib.suppress(SystemExit), contextlib.redirect_stderr(screen), plain_errors():
        ...     raise OptionError("--size must be at least 1")
        >>> screen.getvalue().strip()
        'error: --size must be at least 1'
    """
    try:
        yield
    except (ValueError, OSError, FloatingPointError) as error:
        wrong_use = isinstance(error, OptionError)
        if "GAN_TRACEBACK" in os.environ or not (wrong_use or raised_by_packages(error)):
            raise
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2 if wrong_use else 1) from None


def raised_by_packages(error: Exception) -> bool:
    """Whether code of one of this project's packages raised `error`, rather than code that it called."""
    traceback = error.__traceback__
    while traceback and traceback.tb_next:
        traceback = traceback.tb_next
    return traceback is not None and traceback.tb_frame.f_globals["__name__"].startswith("gan_")
