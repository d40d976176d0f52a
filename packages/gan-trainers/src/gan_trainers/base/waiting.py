"""What processes tell each other in between, with a limit of time and a sentence for every wait."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar, cast

import torch
import torch.distributed as dist

T = TypeVar("T")

TIMEOUT = "GAN_TIMEOUT"  # environment variable: longest wait for another process, in seconds
_DEFAULT_SECONDS = 600  # NCCL's own limit; a slow disk of one process may keep the others waiting


def process_count() -> int:
    """Number of processes that train together; 1 outside a process group."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def longest_wait() -> timedelta:
    """How long a process waits for the others: `GAN_TIMEOUT` in seconds, else ten minutes.

    Raises:
        ValueError: if `GAN_TIMEOUT` is not a number above 0.
    """
    text = os.environ.get(TIMEOUT, str(_DEFAULT_SECONDS))
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e8:
        raise ValueError(f"the environment variable {TIMEOUT} must be seconds above 0; got {text!r}")
    return timedelta(seconds=seconds)


@contextmanager
def waiting(awaited: str) -> Iterator[None]:
    """Turn a failed exchange between processes inside the block into one sentence.

    Args:
        awaited: what this process waits for.

    Raises:
        ConnectionError: in place of the RuntimeError of torch.distributed.
    """
    try:
        yield
    except torch.OutOfMemoryError:  # a RuntimeError that has nothing to do with the others
        raise
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise ConnectionError(
            f"{this_process()} waited for {awaited}: {_in_words(reason)}; the same command again resumes"
        ) from error


def _in_words(reason: str) -> str:
    if "timed out" in reason.lower() or "timeout" in reason.lower():
        return (
            f"not all processes took part within {longest_wait().total_seconds():g} seconds ({TIMEOUT} sets "
            "another limit); each must run and call the same verbs"
        )
    if "closed" in reason.lower() or "reset" in reason.lower():
        return "another process has ended; look at its message"
    return f"the exchange failed ({reason[:200]}); each process must call the same verbs"


def this_process() -> str:
    """Number and machine of this process, in words."""
    rank = dist.get_rank() if process_count() > 1 else int(os.environ.get("RANK", "0"))
    return f"process {rank} on {socket.gethostname()}"


def gather(value: T) -> list[T]:
    """The values of all processes, in their order; they travel as pickles, so only plain data is meant."""
    if process_count() == 1:
        return [value]
    values: list[T | None] = [None] * process_count()
    with waiting("a message of every process"):
        dist.all_gather_object(values, value)
    return cast("list[T]", values)


def from_first(choose: Callable[[], T]) -> T:
    """What the first process chooses, on every process; an error of its choice is raised on all.

    Raises:
        ValueError, OSError: as `choose` does.
    """
    first = process_count() == 1 or dist.get_rank() == 0
    return cast("T", together(lambda: choose() if first else None)[0])


def together(work: Callable[[], T]) -> list[T]:
    """The results of `work` on all processes; if it fails on one, all raise the same error.

    Raises:
        ValueError, OSError: as `work` does.
    """
    if process_count() == 1:
        return [work()]
    result, failure = None, None
    try:
        result = work()
    except (ValueError, OSError) as error:
        failure = error
    answers = gather((result, failure))
    for _, failed in answers:
        if failed is not None:
            raise failed
    return [cast("T", each) for each, _ in answers]
