"""Times variants of one training step, each in its own process, in turns with a plain implementation."""

import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import torch
from gan_trainers import Run
from memory import peak_mib
from torch import Tensor
from torch.utils.data import TensorDataset

sys.path.append(str(Path(__file__).parents[2] / "examples"))  # the recipes, whose steps are measured

Step = Callable[[], None]
StepMaker = Callable[[str], Step]

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
# A processor without bf16 computes it by conversions, many times slower.
PRECISIONS = ["fp32", "bf16"] if DEVICE.type == "cuda" or torch.cpu._is_avx512_bf16_supported() else ["fp32"]
LAYOUTS = ["channels-last", "contiguous"]  # besides the one that a run chooses
VARIANTS = [f"{each}{layout}" for each in PRECISIONS for layout in ("", *(f" {name}" for name in LAYOUTS))]
COMPILED = [f"{precision} compiled" for precision in PRECISIONS]
WARM_UP = 2  # steps


class Timing(NamedTuple):
    """What was measured of a variant."""

    seconds: float  # median of a step
    ratios: list[float]  # seconds of the plain step / seconds of the variant's, of each round
    peak: int  # peak memory in MiB: of the tensors on a GPU, else of the whole process
    plain_peak: int

    @property
    def ratio(self) -> float:
        """The median of the ratios."""
        return statistics.median(self.ratios)

    def __str__(self) -> str:
        spread = f"({min(self.ratios):.2f} to {max(self.ratios):.2f})"
        return f"{self.ratio:6.2f} x plain {spread}   peak {self.peak} MiB, plain {self.plain_peak}"


def compare(make_step: StepMaker, names: Sequence[str], *, batch_size: int, rounds: int) -> None:
    """Print a line for each variant: seconds, images per second, ratio to the plain step, peak memory.

    Args:
        make_step: builds the step of a variant, or of "plain"; a function that another process can import.
        names: the variants.
        batch_size: images per step.
        rounds: timed rounds of each variant, after two warm-up steps.
    """
    print(machine())
    for name in names:
        timing = measure(make_step, name, rounds)
        speed = f"{timing.seconds:8.4f} s {batch_size / timing.seconds:8.2f} images/s"
        print(f"{name:20} {speed} {timing}", flush=True)


def measure(make_step: StepMaker, name: str, rounds: int) -> Timing:
    """Time a variant in turns with the plain step, so that other load on the machine affects both alike.

    Each has a process of its own, as if it ran alone: its allocator is set as its own code sets it.
    """
    with _process(make_step, "plain") as plain, _process(make_step, name) as variant:
        pairs = [(_step(plain), _step(variant)) for _ in range(WARM_UP + rounds)][WARM_UP:]
        (_, plain_peak), (_, peak) = pairs[-1][0], pairs[-1][1]
    seconds = statistics.median(own for _, (own, _) in pairs)
    ratios = [theirs / own for (theirs, _), (own, _) in pairs]
    return Timing(seconds, ratios, peak, plain_peak)


def machine() -> str:
    """The processor or GPU, its vector instructions, threads, and torch's version."""
    if DEVICE.type == "cuda":
        return f"{torch.cuda.get_device_name()}, torch {torch.__version__}"
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next(line.partition(": ")[2] for line in lines if line.startswith("model name"))
    low = "with AMX" if torch.cpu._is_amx_tile_supported() else ""
    low = low or ("with bf16" if torch.cpu._is_avx512_bf16_supported() else "bf16 emulated")
    capability = torch.backends.cpu.get_cpu_capability()
    count = torch.get_num_threads()
    threads = f"{count} thread{'s' * (count > 1)}"
    return f"{model}, {capability}, {low}, {threads}, torch {torch.__version__}"


def start_run(name: str) -> Run | None:
    """The run of a variant, none for a plain one.

    Its name is a precision, then any of "channels-last", "contiguous", "compiled" and "checkpointed".

    Without a layout it is the one that a run chooses. Called before any tensor is made, as recipes do: later,
    torch does not ask for huge pages anymore.
    """
    precision, *words = name.split()
    if precision == "plain":
        return None
    return Run(
        tempfile.mkdtemp(),
        precision=precision,  # type: ignore[arg-type]
        compile="compiled" in words,
        activation_checkpointing="checkpointed" in words,
        channels_last=True if "channels-last" in words else False if "contiguous" in words else None,
        quiet=True,
    )


def sent(run: Run, *images: Tensor) -> list[Tensor]:
    """A batch as the run's loader returns it, on its device and in its layout."""
    (batch,) = run.loader(TensorDataset(*images), len(images[0]), shuffle=False, passes=1)
    return batch


@contextmanager
def _process(make_step: StepMaker, name: str):
    """A process that runs a step whenever it is asked."""
    # Spawned: OpenMP's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(make_step, name, there))
    process.start()
    there.close()
    try:
        yield here
    finally:
        here.close()
        process.join()


def _serve(make_step: StepMaker, name: str, caller: Connection) -> None:
    step = make_step(name)
    while True:
        try:
            caller.recv()
        except EOFError:
            return
        start = time.perf_counter()
        step()
        if DEVICE.type == "cuda":
            torch.cuda.synchronize()
        caller.send((time.perf_counter() - start, peak_memory()))


def _step(process: Connection) -> tuple[float, int]:
    """Seconds of one step, and the peak memory until now in MiB."""
    process.send(None)
    return process.recv()


def peak_memory() -> int:
    """In MiB: of the tensors on a GPU, else of the whole process."""
    if DEVICE.type == "cuda":
        return torch.cuda.max_memory_allocated() // 2**20
    return round(peak_mib())
