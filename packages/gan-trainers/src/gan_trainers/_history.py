"""The scalars of a run: collected on the device, written as JSON lines, drawn as curves."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gan_trainers._curves import Row, draw_curves, read_scalars
from gan_trainers._files import replace_text, writing
from gan_trainers._processes import mean_over_processes


class History:
    """Scalars by name and step, averaged over windows of steps.

    Values stay on the device until a window closes, so that logging never makes a step wait.

    Args:
        folder: where `scalars.jsonl` and `curves.png` go.
        device: where the values are.
        writes: whether this process writes the files; the others only take part in the averages.
    """

    def __init__(self, folder: Path, device: torch.device, *, writes: bool) -> None:
        self._file = folder / "scalars.jsonl"
        self._picture = folder / "curves.png"
        self._device = device
        self._writes = writes
        self._window: dict[str, list[tuple[int, Tensor]]] = {}
        self._drawn = False

    def add(self, step: int, terms: Mapping[str, Tensor | float]) -> None:
        """Remember one value of each term, detached, without a synchronisation.

        Raises:
            ValueError: for a tensor of more than one element.
        """
        for name, value in terms.items():
            if not isinstance(value, Tensor):
                scalar = torch.full((), value, dtype=torch.float32, device=self._device)  # a copy would wait
            elif value.numel() == 1:
                # A copy: a buffer that is logged, such as a probability, may change in place later on.
                scalar = value.detach().to(self._device, torch.float32, copy=True).reshape(())
            else:
                raise ValueError(f"log takes scalars; '{name}' has shape {tuple(value.shape)}, so reduce it")
            self._window.setdefault(name, []).append((step, scalar))

    def close_window(self, heading: Mapping[str, float]) -> Row:
        """Average the window over its steps and over the processes, append a line, start a new window.

        Args:
            heading: what the line starts with: step, seconds, images.

        Returns:
            The mean of each term.

        Raises:
            FloatingPointError: naming the term and the step, if a value is not a finite number.
        """
        means = self._means()
        self._window.clear()
        if self._writes and means:
            line = {**heading, **{name: _short(value) for name, value in means.items()}}
            with writing(self._file), self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            self._drawn = False
        return means

    def check(self) -> None:
        """Raise as `close_window` does if the open window holds a value that is not finite."""
        self._means()

    def _means(self) -> Row:
        """One transfer from the device, and one average over the processes, for the whole window."""
        if not self._window:
            return {}
        entries = [(name, step) for name, values in self._window.items() for step, _ in values]
        stacked = torch.stack([value for values in self._window.values() for _, value in values])
        flat = mean_over_processes(stacked).tolist()
        broken = [
            (step, name, value)
            for (name, step), value in zip(entries, flat, strict=True)
            if not math.isfinite(value)
        ]
        if broken:
            step, name, value = min(broken, key=lambda each: each[0])
            raise FloatingPointError(f"'{name}' became {value} at step {step}")
        means, start = {}, 0
        for name, values in self._window.items():
            means[name] = sum(flat[start : start + len(values)]) / len(values)
            start += len(values)
        return means

    def state_dict(self) -> dict[str, Any]:
        """The open window; lines that are written already live in the file."""
        return {
            name: [[step, float(value)] for step, value in values] for name, values in self._window.items()
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what `state_dict` gave."""
        self._window = {
            name: [(step, torch.tensor(value, device=self._device)) for step, value in values]
            for name, values in state.items()
        }

    def rewind(self, step: int) -> None:
        """Drop the lines that a run resumed at `step` writes again, that of the open window included."""
        if self._writes and self._file.exists():
            first_open = min((values[0][0] for values in self._window.values()), default=step + 1)
            kept = [row for row in read_scalars(self._file) if row["step"] < first_open]
            with writing(self._file):
                replace_text(self._file, "".join(json.dumps(row) + "\n" for row in kept))

    def draw(self) -> None:
        """Draw every scalar against the step into `curves.png`, if there is anything new."""
        if self._writes and not self._drawn and self._file.exists():
            with writing(self._picture):
                draw_curves({"": read_scalars(self._file)}, self._picture)
            self._drawn = True


def _short(value: float) -> float:
    """Seven digits, all that a float32 has."""
    return float(f"{value:.7g}")
