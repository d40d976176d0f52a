"""Doing the same for many files at once."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """`[function(item) for item in items]`; reading, hashing and decoding files run side by side."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(function, items))
