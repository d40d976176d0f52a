"""Time and memory from a manifest to the first batch, from a thousand pictures to fifty million.

    python tests/benchmarks/manifest.py [SAMPLES ...]

The manifests list pictures that do not exist; only their rows are read. Each measurement is a new
interpreter, after its imports. First: CPU seconds until the training part of the files is found, its sizes
are checked, and the paths of a first batch in random order are known (`order.py` measures the order of
`Loader`). Each path: CPU time to find the path of one more picture, the least of five times. Memory: how far
the peak of the process grew; with what was read of the file, which the system can drop. Listed: the same from
a list of all paths, as a folder gives it, without the search, the sizes and the hashes; up to a million.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow
from gan_data import find_images, split_by_content
from gan_data.decoding.sizes import read_sizes
from gan_data.files.manifest_format import GROUP, Heading, schema, written_manifest
from gan_data.files.search import PassedOver
from memory import peak_mib
from pyarrow import compute

SAMPLES = (1_000, 100_000, 1_000_000, 50_000_000)
BATCH = 16
MOST_LISTED = 1_000_000


class Cost(NamedTuple):
    """What the paths of so many samples cost."""

    samples: int
    name: str
    file: float  # size of the manifest in MiB
    first: float  # seconds
    each: float  # microseconds
    memory: float  # MiB


def write(path: Path, samples: int) -> None:
    """A manifest of so many pictures of 256x256 pixels, a thousand in each folder."""
    numbers = pyarrow.array(range(10**9, 10**9 + GROUP), pyarrow.int64())
    with written_manifest(path) as add:
        for first in range(0, samples, GROUP):
            count = min(GROUP, samples - first)
            names = compute.utf8_slice_codeunits(compute.add(numbers[:count], first).cast("string"), 1)
            folders = compute.utf8_slice_codeunits(names, 0, 6)
            digests = os.urandom(32 * count)
            columns = {
                "path": compute.binary_join_element_wise("train/", folders, "/image_", names, ".jpg", ""),
                "bytes": compute.add(numbers[:count], -(10**9) + 100_000),
                "mtime": compute.multiply(numbers[:count], 10**9),
                **{
                    side: pyarrow.repeat(pyarrow.scalar(256, pyarrow.int32()), count)
                    for side in ("width", "height")
                },
                "mode": pyarrow.repeat("RGB", count),
                "format": pyarrow.repeat("JPEG", count),
                "gray": pyarrow.repeat(False, count),
                "hash": pyarrow.Array.from_buffers(
                    pyarrow.binary(32), count, [None, pyarrow.py_buffer(digests)]
                ),
                "split": pyarrow.array(["train" if byte > 25 else "validation" for byte in digests[::32]]),
                "broken": pyarrow.repeat(False, count),
            }
            add(pyarrow.table(columns, schema()))
        add(Heading("pictures", 0.1, PassedOver()))


def measure(name: str, path: Path) -> None:
    """Print seconds until the first batch, then microseconds of a path, and MiB, of this process."""
    split_by_content(find_images(path.with_name("few.parquet")))[0][0]  # what is loaded once
    before, start = peak_mib(), time.process_time()
    files: Sequence[Path] = find_images(path)
    if name == "listed":
        files = list(files)
    else:
        files = split_by_content(files)[0]
        read_sizes(files)
    numbers = random.Random(0)
    for _ in range(BATCH):
        files[numbers.randrange(len(files))]
    first = time.process_time() - start
    times: list[float] = []
    for _ in range(5):
        chosen = [numbers.randrange(len(files)) for _ in range(1000)]
        start = time.process_time()
        for index in chosen:
            files[index]
        times.append((time.process_time() - start) / len(chosen))
    print(first, min(times) * 1e6, peak_mib() - before)


def costs(counts: Iterable[int]) -> Iterator[Cost]:
    """Measure both ways for each number of samples."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder, "few.parquet"), 100)
        path = Path(folder, "pictures.parquet")
        for samples in counts:
            write(path, samples)
            for name in ("indexed", "listed"):
                if name == "listed" and samples > MOST_LISTED:
                    continue
                words = [sys.executable, __file__, name, str(path)]
                printed = subprocess.run(words, check=True, capture_output=True, text=True).stdout
                yield Cost(samples, name, path.stat().st_size / 2**20, *map(float, printed.split()))


def main(counts: list[int]) -> None:
    """Print a line for each number of samples and way."""
    print(f"{'samples':>12} {'paths':8} {'file':>10} {'first':>10} {'each path':>14} {'memory':>12}")
    for samples, name, file, first, each, memory in costs(counts):
        sizes = f"{file:6.1f} MiB {first:8.3f} s {each:11.1f} us {memory:8.1f} MiB"
        print(f"{samples:12,} {name:8} {sizes}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] in (["indexed"], ["listed"]):
        measure(sys.argv[1], Path(sys.argv[2]))
    else:
        main([int(word) for word in sys.argv[1:]] or list(SAMPLES))
