"""A user's mistake on the command line ends in one sentence."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def plain_errors() -> Iterator[None]:
    """Print an error that one of this project's packages raised as its sentence alone, and exit with 1.

    The packages' ValueError, OSError and FloatingPointError say what is wrong and what to do, so that
    a traceback would only hide it. Errors from anywhere else keep theirs, and so do all of them when
    the environment variable GAN_TRACEBACK is set.

    Raises:
        SystemExit: with code 1, in place of such an error.
    """
    try:
        yield
    except (ValueError, OSError, FloatingPointError) as error:
        if "GAN_TRACEBACK" in os.environ or not raised_by_packages(error):
            raise
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None


def raised_by_packages(error: Exception) -> bool:
    """Whether one of this project's packages raised `error` itself, rather than code that it called."""
    traceback = error.__traceback__
    while traceback and traceback.tb_next:
        traceback = traceback.tb_next
    return traceback is not None and traceback.tb_frame.f_globals["__name__"].startswith("gan_")
