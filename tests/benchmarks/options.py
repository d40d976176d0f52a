"""What an option of a run costs and saves in each recipe's default preset, against the recipe as typed.

    python tests/benchmarks/options.py --compile
    python tests/benchmarks/options.py --activation-checkpointing cyclegan srgan --rounds 9

Both are the recipe itself, each in its own process, and take turns step by step; batches are loaded before
the clock runs. The range of the rounds is in brackets. `--compile` starts without what was compiled before.
"""

import argparse
import multiprocessing
import os
import runpy
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from gan_trainers import Run
from step_timing import machine, peak_memory

EXAMPLES = Path(__file__).parents[2] / "examples"
RECIPES = ("colorize", "coarse_to_fine", "cyclegan", "pix2pix", "pix2pixhd", "projected_gan", "srgan")
WARM_UP = 3  # steps; a second batch may be compiled anew


class Done(NamedTuple):
    """A step that was made."""

    seconds: float
    since_start: float  # seconds of the process
    peak: int  # MiB
    graph_breaks: int  # of torch.compile, until now


def main(option: str, recipes: list[str], rounds: int) -> None:
    """Print the table."""
    print(machine())
    print(f"| recipe | first step, s | with {option}, s | times as fast | memory | graph breaks |")
    print("|---" * 6 + "|")
    for recipe in recipes:
        with (
            tempfile.TemporaryDirectory() as out,
            _recipe(recipe, out) as plain,
            _recipe(recipe, f"{out}/with", option) as other,
        ):
            pairs = [(_step(plain), _step(other)) for _ in range(WARM_UP + rounds)]
        ratios = [before.seconds / after.seconds for before, after in pairs[WARM_UP:]]
        (first, first_with), (last, last_with) = pairs[0], pairs[-1]
        ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        print(
            f"| {recipe} | {first.since_start:.0f} | {first_with.since_start:.0f} | {ratio} "
            f"| {last_with.peak / last.peak:.2f} | {last_with.graph_breaks} |",
            flush=True,
        )


@contextmanager
def _recipe(name: str, out: str, *words: str) -> Iterator[Connection]:
    """A process that runs a recipe, and makes a step whenever it is asked."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(name, ["--out", f"{out}/run", "--quiet", *words], there))
    process.start()
    there.close()
    try:
        yield here
    finally:
        here.close()
        process.join()


def _serve(name: str, words: list[str], caller: Connection) -> None:
    os.environ["TORCHINDUCTOR_FORCE_DISABLE_CACHES"] = "1"
    start = time.perf_counter()
    steps = Run.steps

    def steps_on_request(run: Run, *args: Any, **named: Any) -> Iterator[Any]:
        for batch in steps(run, *args, **named):
            try:
                caller.recv()
            except EOFError:
                os._exit(0)
            before = time.perf_counter()
            yield batch
            now = time.perf_counter()
            caller.send(Done(now - before, now - start, peak_memory(), _graph_breaks()))

    Run.steps = steps_on_request  # type: ignore[method-assign]
    sys.argv = [f"{name}.py", *words]
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")


def _step(recipe: Connection) -> Done:
    recipe.send(None)
    return recipe.recv()


def _graph_breaks() -> int:
    dynamo = sys.modules.get("torch._dynamo.utils")
    return sum(dynamo.counters["graph_break"].values()) if dynamo else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    which = parser.add_mutually_exclusive_group(required=True)
    for option in ("--compile", "--activation-checkpointing"):
        which.add_argument(option, dest="option", action="store_const", const=option)
    parser.add_argument("recipes", nargs="*", default=list(RECIPES), help="all if none is given")
    parser.add_argument("--rounds", type=int, default=5, help="timed steps after three warm-up steps")
    given = parser.parse_args()
    main(given.option, given.recipes, given.rounds)
