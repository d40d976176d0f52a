"""What the commands that train the arms of a study and compare them have in common."""

import subprocess
from pathlib import Path

import torch
from gan_data import read_image
from torch import Tensor

Row = dict[str, float]


def train(recipe: str, options: dict[str, object]) -> None:
    """Run a recipe of this folder as a user would, without the options that are None; stop here if it fails.

    What was finished before is not trained again.
    """
    words = [str(word) for option in options.items() if option[1] is not None for word in option]
    command = ["accelerate", "launch", "--quiet", str(Path(__file__).with_name(recipe)), *words]
    if subprocess.run(command, check=False).returncode != 0:
        raise SystemExit(f"'{' '.join(command)}' failed; what it printed stands above")


def pictures(folder: Path, count: int | None = None) -> Tensor:
    """(N, 3, H, W) in [-1, 1]: the pictures of a folder, or so many evenly spread ones, by name."""
    files = sorted(folder.glob("*.png"))
    if count is not None:
        files = files[:: max(1, len(files) // count)][:count]
    return torch.stack([read_image(file) for file in files])


def last(rows: list[Row], name: str) -> float:
    """The last value of a scalar."""
    return next(row[name] for row in reversed(rows) if name in row)
