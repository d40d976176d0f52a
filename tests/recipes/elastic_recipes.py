"""Train recipes on one process, and the same steps on others, one after the other.

    python elastic_recipes.py OUT PHOTOS PORTRAITS 1,2,3 CASE...    a step on one, one on two and one on three

OUT/CASE/whole and OUT/CASE/parts receive the folders of the runs. Processes are forks of this one, so that
only one imports the recipes; they exchange over gloo, as those of torchrun.
"""

import dataclasses
import importlib
import os
import shutil
import socket
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))

import torch
import torchmetrics  # noqa: F401 - once, before the forks
from gan_trainers import Run
from support.judge import build_judge

WHOLE_BATCH, STEPS = 6, 3  # of which those after the last part are not trained
GENERATION = {"samples": 4, "judge_weights": "random"}
STYLES = GENERATION | {"size": 8, "latents": 4, "base_channels": 32}
CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "stylegan2": ("stylegan2", "ada", STYLES | {
        "styles": 6, "mapping_layers": 2, "r1_every": 2, "path_every": 2, "images_to_full": 20,
        "steps": STEPS,
    }),
    "progan": ("progan", "stylegan", STYLES | {
        "loss": "wgan-gp", "growing": False, "images": 18, "style_mixing": 0.5, "mapping_layers": 2,
    }),
    "r3gan": ("r3gan", "paper", STYLES | {
        "base_channels": 64, "burn_in": 60, "augment_p": (0.5, 0.5), "steps": STEPS,
    }),
    "pix2pix": ("pix2pix", "paper", {"size": 32, "load_size": 36, "width": 4, "steps": STEPS}),
    "colorize": ("colorize", "paper", {"size": 32, "width": 4, "steps": STEPS}),
    "cut": ("cut", "fastcut", {
        "size": 24, "load_size": 26, "layers": 1, "width": 4, "blocks": 1, "nce_layers": (0, 4), "patches": 9,
        "steps": STEPS,
    }),
    "cogan": ("cogan", "paper", {"size": 32, "load_size": 36, "width": 4, "latents": 4, "steps": STEPS}),
    "projected_gan": ("projected_gan", "paper", GENERATION | {
        "size": 64, "width": 4, "resize": 128, "weights": "random", "steps": STEPS,
    }),
}  # fmt: skip
FROM_PHOTOS = ("stylegan2", "progan", "r3gan", "colorize", "projected_gan")


class Stopped(Exception):  # noqa: N818 - not an error
    """The part is over."""


def train(case: str, out: Path, data: tuple[Path, Path], processes: int, until: int) -> None:
    """A part of a run, which saves after each step; the first step of `whole` is the first part, too."""
    module, preset, changes = CASES[case]
    recipe = importlib.import_module(module)
    if case == "projected_gan":
        compute_in_float64(recipe)
    save = Run.save

    def save_and_stop(run: Run, **score: Any) -> None:
        save(run, **score)
        if out.name == "whole" and run.step == 1:
            shutil.copytree(out, out.with_name("parts"))
        if run.step == until:
            raise Stopped

    Run.save = save_and_stop  # type: ignore[method-assign]
    chosen = recipe.PRESETS[preset]
    run = dataclasses.replace(chosen.run, out=out, evaluate_every=1, precision="fp32")
    source = data[0] if case in FROM_PHOTOS else (data[1],)
    options = dataclasses.replace(
        chosen, run=run, data=source, batch_size=WHOLE_BATCH // processes, **changes
    )
    try:
        recipe.main(options)
    except Stopped:
        return


def compute_in_float64(recipe: Any) -> None:
    """Change projected_gan.py: in float32, rounding in its normalized layers is magnified to 6e-4."""
    torch.set_default_dtype(torch.float64)
    build, steps = recipe.build, recipe.patient_steps

    def build_double(*args: Any) -> Any:
        training = build(*args)
        for module in (training.g, training.d, training.ema.average, training.augmentation):
            module.double()
        return training

    def double_steps(*args: Any) -> Iterator[Any]:
        for real, classes in steps(*args):
            yield real.double(), classes

    recipe.build, recipe.patient_steps = build_double, double_steps
    recipe.Evaluation = lambda run, *args, **kwargs: SimpleNamespace(measure=lambda: 1.0)  # noqa: ARG005


def together(processes: int, case: str, out: Path, data: tuple[Path, Path], until: int) -> None:
    """Fork `processes` that train; ends this program if one of them fails."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    children = []
    for rank in range(processes):
        child = os.fork()
        if child:
            children.append(child)
            continue
        if processes > 1:
            os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(processes)}
            os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        code = 1
        try:
            torch.set_num_threads(1)
            train(case, out, data, processes, until)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    if any(os.waitpid(child, 0)[1] for child in children):
        raise SystemExit(f"{case} failed on {processes} processes")


def main(out: Path, photos: Path, portraits: Path, processes: list[int], cases: list[str]) -> None:
    """Train each case."""
    judge = build_judge("lite1", "random")  # once, before the forks
    for case in cases:
        recipe = importlib.import_module(CASES[case][0])
        if hasattr(recipe, "build_judge"):
            recipe.build_judge = lambda *_: judge
    for case in cases:
        together(1, case, out / case / "whole", (photos, portraits), until=len(processes))
        for step, number in enumerate(processes[1:], start=2):
            together(number, case, out / case / "parts", (photos, portraits), until=step)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]), [int(number) for number in sys.argv[4].split(",")], sys.argv[5:])
