"""Time that `import gan_losses` adds to `import torch`: at most 0.2 s.

Each measurement runs in a new interpreter. The two imports alternate, so that other load affects both alike.
"""

import statistics
import subprocess
import sys

ROUNDS = 9
LIMIT = 0.2  # seconds
TIMED_IMPORT = "from time import perf_counter as now; start = now(); import {}; print(now() - start)"


def seconds_to_import(modules: str) -> float:
    """Seconds of an import in a new interpreter."""
    command = [sys.executable, "-c", TIMED_IMPORT.format(modules)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Print both medians and the median of the differences within a round."""
    seconds_to_import("torch, gan_losses")  # fills the file cache and writes the bytecode
    torch_alone, with_losses = [], []
    for _ in range(ROUNDS):
        torch_alone.append(seconds_to_import("torch"))
        with_losses.append(seconds_to_import("torch, gan_losses"))
    difference = statistics.median(b - a for a, b in zip(torch_alone, with_losses, strict=True))
    print(f"import torch              {statistics.median(torch_alone):7.3f} s")
    print(f"import torch, gan_losses  {statistics.median(with_losses):7.3f} s")
    print(f"difference                {difference:7.3f} s (limit {LIMIT} s), medians of {ROUNDS} rounds")


if __name__ == "__main__":
    main()
