"""Times variants of one training step in alternation, so that other load on the machine affects all alike."""

import ctypes
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from gan_trainers import Run

sys.path.append(str(Path(__file__).parents[2] / "examples"))  # the recipes, whose steps are measured

Step = Callable[[], None]

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
VARIANTS = ["plain", "fp32", "fp32 channels-last", "bf16", "bf16 channels-last"]
COMPILED = ["fp32 compiled", "bf16 compiled"]


def compare(
    make_step: Callable[[str], Step], names: Sequence[str], *, batch_size: int, rounds: int, memory: bool
) -> None:
    """Print a line for each variant: seconds, images per second, ratio to the plain step, peak memory.

    From this call on, the process does not return freed memory to the system.

    The ratio is the median over the rounds of (plain seconds / variant's seconds). Peak memory is measured in
    a separate process, started by the command line of this script with `--only NAME`.

    Args:
        make_step: builds the step of a variant.
        names: the variants, including "plain".
        batch_size: images per step.
        rounds: timed rounds of each variant, after two warm-up steps.
        memory: also measure peak memory.
    """
    _keep_freed_memory()
    seconds = _time_in_alternation({name: make_step(name) for name in names}, rounds)
    print(f"batch {batch_size}, {DEVICE}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    for name in names:
        ratios = [plain / own for plain, own in zip(seconds["plain"], seconds[name], strict=True)]
        median = statistics.median(seconds[name])
        line = f"{name:20} {median:8.4f} s {batch_size / median:8.2f} images/s"
        line += f" {statistics.median(ratios):6.2f} x plain"
        if memory:
            process = subprocess.run(
                [sys.executable, *sys.argv, "--only", name], check=True, capture_output=True, text=True
            )
            line += f"  peak {process.stdout.split()[-1]} MiB"
        print(line, flush=True)


def start_run(name: str) -> tuple[Run, str]:
    """The run of a variant such as "bf16 channels-last", and the second word of its name."""
    precision, _, manner = name.partition(" ")
    run = Run(
        tempfile.mkdtemp(),
        precision=precision,  # type: ignore[arg-type]
        compile=manner == "compiled",
        channels_last=manner == "channels-last",
    )
    return run, manner


def print_peak_memory(step: Step) -> None:
    """Run three steps and print the peak memory of this process in MiB."""
    for _ in range(3):
        step()
    print(peak_memory())


def _keep_freed_memory() -> None:
    """Keep page faults of the kernel out of the timing.

    glibc returns large blocks to the system; allocating them again costs a page fault for each 4 KiB. On a
    virtual machine this can take most of a step. It would vary from round to round and favor variants that
    allocate fewer blocks.
    """
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    if hasattr(libc, "mallopt"):
        libc.mallopt(-4, 0)  # M_MMAP_MAX: no block is mapped separately
        libc.mallopt(-1, -1)  # M_TRIM_THRESHOLD: nothing is returned


def _time_in_alternation(steps: dict[str, Step], rounds: int) -> dict[str, list[float]]:
    """Seconds of each step in each round."""
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for index in range(-2, rounds):  # negative: warm-up
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            if DEVICE.type == "cuda":
                torch.cuda.synchronize()
            if index >= 0:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def peak_memory() -> int:
    """In MiB: of the tensors on a GPU, else of the whole process."""
    if DEVICE.type == "cuda":
        return torch.cuda.max_memory_allocated() // 2**20
    status = Path("/proc/self/status").read_text()  # getrusage would include the parent's peak
    return int(status.split("VmHWM:")[1].split()[0]) // 2**10
