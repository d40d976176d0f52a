"""Time and memory of the order of samples, from a thousand pictures to fifty million.

    python tests/benchmarks/order.py [SAMPLES ...]

Each measurement is a new interpreter. Computed: what `Loader` does, batches of 16 without reading pictures.
Stored: a torch.randperm of each pass and a seed for each sample, in a list; up to a million samples, since
fifty million would take 15 GB. First: CPU seconds until the first batch. Each sample: CPU time in two passes
or more, or in the first of fifty million, the least of five times. Memory: how far the peak grew.
"""

import itertools
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import torch
from gan_trainers.run._order import SampleOrder, SeededIndex
from memory import peak_mib

SAMPLES = (1_000, 10_000, 100_000, 1_000_000, 50_000_000)
BATCH = 16
MOST_STORED = 1_000_000


class Cost(NamedTuple):
    """What an order of so many samples costs."""

    samples: int
    name: str
    first: float  # seconds
    each: float  # microseconds
    memory: float  # MiB


def computed(samples: int) -> Iterator[list[SeededIndex]]:
    """The batches of `Loader`."""
    return iter(SampleOrder(samples, BATCH, seed=0, process=0, processes=1, shuffle=True, passes=None))


def stored(samples: int) -> Iterator[list[SeededIndex]]:
    """The same from a list for each pass."""
    for number in itertools.count():
        generator = torch.Generator().manual_seed(number)
        seeds = torch.randint(2**62, (samples,), generator=generator).tolist()
        order = list(zip(torch.randperm(samples, generator=generator).tolist(), seeds, strict=True))
        for first in range(0, samples, BATCH):
            yield [order[position] for position in range(first, min(first + BATCH, samples))]


def measure(name: str, samples: int) -> None:
    """Print seconds until the first batch, then microseconds of a sample, and MiB, of this process."""
    make = {"computed": computed, "stored": stored}[name]
    list(itertools.islice(make(BATCH), 100))  # what is loaded once
    before = peak_mib()
    start = time.process_time()
    batches = make(samples)
    next(batches)
    first = time.process_time() - start
    count = max(2 * samples, 100_000) // BATCH if samples <= MOST_STORED else 100_000 // BATCH
    times = []
    for _ in range(5):
        start = time.process_time()
        for _ in itertools.islice(batches, count):
            pass
        times.append((time.process_time() - start) / (count * BATCH))
    print(first, min(times) * 1e6, peak_mib() - before)


def costs(counts: Iterable[int]) -> Iterator[Cost]:
    """Measure both ways for each number of samples."""
    for samples in counts:
        for name in ("computed", "stored"):
            if name == "stored" and samples > MOST_STORED:
                continue
            words = [sys.executable, __file__, name, str(samples)]
            printed = subprocess.run(words, check=True, capture_output=True, text=True).stdout
            yield Cost(samples, name, *map(float, printed.split()))


def main(counts: list[int]) -> None:
    """Print a line for each way and number of samples."""
    print(f"{'samples':>12} {'order':10} {'first':>10} {'each sample':>14} {'memory':>10}")
    for samples, name, first, each, memory in costs(counts):
        print(f"{samples:12,} {name:10} {first * 1e3:7.2f} ms {each:11.2f} us {memory:6.1f} MiB", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] in (["computed"], ["stored"]):
        measure(sys.argv[1], int(sys.argv[2]))
    else:
        main([int(word) for word in sys.argv[1:]] or list(SAMPLES))
