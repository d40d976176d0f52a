"""A recipe on the processes of a Ray cluster, by Ray Train's TorchTrainer.

    pip install "ray[train]"
    python examples/launch/ray_train.py 16 --gpu examples/cyclegan.py paper --data /shared/horse2zebra

Data and the folder of the run are on a disk that all machines see; the recipe has the same path on each.
"""

import runpy
import sys
from argparse import REMAINDER, ArgumentParser
from pathlib import Path
from typing import Any

from ray.train import FailureConfig, RunConfig, ScalingConfig  # pyright: ignore[reportMissingImports]
from ray.train.torch import TorchTrainer  # pyright: ignore[reportMissingImports]


def work(config: dict[str, Any]) -> None:
    """One process: the recipe, as `python RECIPE ...` runs it, in the group that Ray has made."""
    recipe, *words = config["command"]
    sys.argv = [recipe, *words]
    sys.path.insert(0, str(Path(recipe).parent))
    runpy.run_path(recipe, run_name="__main__")


def main() -> None:
    """Start the processes and wait for them; a run that has lost one resumes from its last checkpoint."""
    parser = ArgumentParser(description="Start a recipe on the processes of a Ray cluster.")
    parser.add_argument("processes", type=int)
    parser.add_argument("--gpu", action="store_true", help="one for each process")
    parser.add_argument("recipe", type=Path)
    parser.add_argument("options", nargs=REMAINDER, help="of the recipe, its preset first")
    given = parser.parse_args()
    trainer = TorchTrainer(
        work,
        train_loop_config={"command": [str(given.recipe.resolve()), *given.options]},
        scaling_config=ScalingConfig(num_workers=given.processes, use_gpu=given.gpu),
        run_config=RunConfig(failure_config=FailureConfig(max_failures=3)),
    )
    trainer.fit()


if __name__ == "__main__":
    main()
