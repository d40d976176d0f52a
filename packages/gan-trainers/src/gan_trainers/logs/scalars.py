"""The scalars of a run: collected on the device, written as JSON lines, drawn as curves."""

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gan_trainers.base.atomic import atomic_write_text, explained_os_errors
from gan_trainers.base.distributed import mean_over_processes
from gan_trainers.logs.curves import Row, draw_curves, read_lines


class ScalarLog:
    """Scalars by name and step, averaged over windows of steps.

    Values stay on the device until a window closes, so that logging never makes a step wait.

    Args:
        folder: of `scalars.jsonl` and `curves.png`.
        device: of the values.
        writes: whether this process writes the files; the others only take part in the averages.
    """

    def __init__(self, folder: Path, device: torch.device, *, writes: bool) -> None:
        self._file = folder / "scalars.jsonl"
        self._curves = folder / "curves.png"
        self._device = device
        self._writes = writes
        self._window: dict[str, list[tuple[int, Tensor]]] = {}
        self._drawn = False
        self._drawn_at = time.monotonic()

    def add(self, step: int, terms: Mapping[str, Tensor | float]) -> None:
        """Add one value of each term, detached, without a synchronization.

        Raises:
            ValueError: for a tensor of more than one element.
        """
        for name, value in terms.items():
            if not isinstance(value, Tensor):
                scalar = torch.full((), value, dtype=torch.float32, device=self._device)  # a copy would wait
            elif value.numel() == 1:
                # A copy: a logged buffer, such as a probability, may change in place later.
                scalar = value.detach().to(self._device, torch.float32, copy=True).reshape(())
            else:
                raise ValueError(
                    f"log() expects scalars; '{name}' has shape {tuple(value.shape)}; take its mean"
                )
            self._window.setdefault(name, []).append((step, scalar))

    def close_window(self, heading: Mapping[str, float]) -> Row:
        """Average the window over its steps and over the processes, write a line, start a new window.

        Args:
            heading: the first entries of the line: step, seconds, images.

        Returns:
            The mean of each term.

        Raises:
            FloatingPointError: naming the term and the step, if a value is not a finite number.
        """
        means = self._means()
        self._window.clear()
        if self._writes and means:
            line = {**heading, **{name: _rounded(value) for name, value in means.items()}}
            with explained_os_errors(self._file), self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            self._drawn = False
        return means

    def check_finite(self) -> None:
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
        """The open window; complete lines are in the file."""
        return {
            name: [[step, float(value)] for step, value in values] for name, values in self._window.items()
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the result of `state_dict`."""
        self._window = {
            name: [(step, torch.tensor(value, device=self._device)) for step, value in values]
            for name, values in state.items()
        }

    def rewind(self, step: int) -> list[str]:
        """Drop the lines that a run resumed at `step` will write again, that of the open window included.

        Returns:
            Sentences about what is damaged or missing in the file.
        """
        if not self._writes:
            return []
        if not self._file.exists():
            lost = step > 0 and self._curves.exists()  # drawn from the file
            return [f"{self._file} is missing; the curves begin at step {step + 1}"] if lost else []
        first_open = min((values[0][0] for values in self._window.values()), default=step + 1)
        with explained_os_errors(self._file):
            lines = read_lines(self._file)
            pairs = zip(lines.rows, lines.texts, strict=True)
            earlier = [text for row, text in pairs if row["step"] < first_open]
            atomic_write_text(self._file, "".join(f"{text}\n" for text in earlier))
        return [lines.damage] if lines.damage else []

    def draw(self, *, at_most_every: float = 0.0) -> None:
        """Draw every scalar against the step into `curves.png`, if there are new lines.

        Args:
            at_most_every: seconds since the run began or was drawn before which nothing is done: matplotlib
                takes about a second.
        """
        due = time.monotonic() >= self._drawn_at + at_most_every
        if self._writes and due and not self._drawn and self._file.exists():
            with explained_os_errors(self._curves):
                draw_curves({"": read_lines(self._file).rows}, self._curves)
            self._drawn, self._drawn_at = True, time.monotonic()


def _rounded(value: float) -> float:
    """To seven digits, the precision of float32."""
    return float(f"{value:.7g}")
