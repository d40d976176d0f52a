"""Times variants of one training step in turns, so that what else the machine does meets them alike."""

import ctypes
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

Step = Callable[[], None]

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
VARIANTS = ["plain", "fp32", "fp32 channels-last", "bf16", "bf16 channels-last"]
COMPILED = ["fp32 compiled", "bf16 compiled"]


def compare(
    make_step: Callable[[str], Step], names: Sequence[str], *, batch_size: int, rounds: int, memory: bool
) -> None:
    """Print a line for each variant: seconds, images per second, ratio to the plain step, peak memory.

    From here on this process keeps the memory that tensors free.

    The ratio is the median over the rounds of (plain seconds / variant's seconds). Peak memory is taken in a
    process of its own, by this script's command line with `--only NAME`.

    Args:
        make_step: makes the step of a variant.
        names: the variants, "plain" among them.
        batch_size: images that a step takes in.
        rounds: how often each variant runs after two steps to warm up.
        memory: measure peak memory as well.
    """
    _keep_freed_memory()
    seconds = _time_in_turns({name: make_step(name) for name in names}, rounds)
    print(f"batch {batch_size}, {DEVICE}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    for name in names:
        ratios = [plain / own for plain, own in zip(seconds["plain"], seconds[name], strict=True)]
        once = statistics.median(seconds[name])
        line = f"{name:20} {once:8.4f} s {batch_size / once:8.2f} images/s"
        line += f" {statistics.median(ratios):6.2f} x plain"
        if memory:
            answer = subprocess.run(
                [sys.executable, *sys.argv, "--only", name], check=True, capture_output=True, text=True
            )
            line += f"  peak {answer.stdout.split()[-1]} MiB"
        print(line, flush=True)


def print_peak_memory(step: Step) -> None:
    """Take three steps and print how many MiB this process had at most."""
    for _ in range(3):
        step()
    print(peak_memory())


def _keep_freed_memory() -> None:
    """Time the steps and not the kernel's page faults.

    glibc gives large blocks back and gets them again with a fault for each 4 KiB. On a virtual machine this
    can be most of a step: other seconds in every round, and a gain for whichever form needs fewer blocks.
    """
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    if hasattr(libc, "mallopt"):
        libc.mallopt(-4, 0)  # M_MMAP_MAX: no block of its own from the kernel
        libc.mallopt(-1, -1)  # M_TRIM_THRESHOLD: nothing goes back


def _time_in_turns(steps: dict[str, Step], rounds: int) -> dict[str, list[float]]:
    """Seconds of each step in each round."""
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(-2, rounds):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            if DEVICE.type == "cuda":
                torch.cuda.synchronize()
            if turn >= 0:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def peak_memory() -> int:
    """MiB: on the GPU what tensors took, else the whole process."""
    if DEVICE.type == "cuda":
        return torch.cuda.max_memory_allocated() // 2**20
    status = Path("/proc/self/status").read_text()  # getrusage would count what the parent had, too
    return int(status.split("VmHWM:")[1].split()[0]) // 2**10
