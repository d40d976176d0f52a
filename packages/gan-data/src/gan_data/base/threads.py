"""The same function on many files, in parallel."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_threads(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int | None = None
) -> list[Result]:
    """`[function(item) for item in items]`, with reading, hashing and decoding in parallel threads."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, items))
