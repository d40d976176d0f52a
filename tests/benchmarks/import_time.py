"""Seconds until a program works: of imports, of recipes' help, and of recipes until their first step.

    python tests/benchmarks/import_time.py [RECIPE ...]    colorize if none is named

Each measurement is a new interpreter. They alternate with `import torch`, so that other load affects all
alike; CPU seconds of the process are compared, which it affects less. Limits: `import gan_losses` adds 0.2 s
to torch; the help takes 1.5 times `import torch`, and the first step 3 s more. It takes longer where there is
more to do: projected_gan measures the features of all images before, and pix2pixhd computes its emoji's maps.
"""

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
ROUNDS = 5
PROGRAM = """
import os, runpy, sys, time, torch
from torch.optim.optimizer import register_optimizer_step_post_hook
def end(*_):
    print("CPU seconds", time.process_time(), flush=True)
    os._exit(0)
register_optimizer_step_post_hook(end)
sys.argv = sys.argv[1:]
if sys.argv:
    sys.path.insert(0, os.path.dirname(sys.argv[0]))
    runpy.run_path(sys.argv[0], run_name="__main__")
end()
"""


def seconds(*words: str) -> float:
    """CPU seconds of a program until its end or its first optimizer step; of `import torch` without words."""
    return _measured(PROGRAM, *words)


def seconds_to_import(modules: str) -> float:
    """CPU seconds of an import in a new interpreter."""
    return _measured(f"import time, {modules}; print('CPU seconds', time.process_time())")


def _measured(program: str, *words: str) -> float:
    command = [sys.executable, "-c", program, *words]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(printed.rpartition("CPU seconds ")[2])


def first_step(recipe: str) -> float:
    """CPU seconds of a new run of a recipe's default preset until its first optimizer step."""
    with tempfile.TemporaryDirectory() as out:
        return seconds(recipe, "--out", f"{out}/run", "--quiet")


def main(names: list[str]) -> None:
    """Print medians, and the medians of the differences to `import torch` within a round."""
    measures = {"import torch, gan_losses": lambda: seconds_to_import("torch, gan_losses")}
    for name in names:
        recipe = str(EXAMPLES / f"{name}.py")
        measures[f"{name} --help"] = lambda recipe=recipe: seconds(recipe, "--help")
        measures[f"{name}, first step"] = lambda recipe=recipe: first_step(recipe)
    for measure in measures.values():
        measure()  # fills the file cache, writes the bytecode, and keeps answers about the images
    torch_alone: list[float] = []
    found: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(ROUNDS):
        torch_alone.append(seconds_to_import("torch"))
        for name, measure in measures.items():
            found[name].append(measure())
    print(f"{'import torch':28} {statistics.median(torch_alone):6.2f} s of CPU, medians of {ROUNDS} rounds")
    for name, values in found.items():
        more = statistics.median(b - a for a, b in zip(torch_alone, values, strict=True))
        times = statistics.median(b / a for a, b in zip(torch_alone, values, strict=True))
        print(f"{name:28} {statistics.median(values):6.2f} s, {more:+.2f} s, {times:.2f} times")


if __name__ == "__main__":
    main(sys.argv[1:] or ["colorize"])
