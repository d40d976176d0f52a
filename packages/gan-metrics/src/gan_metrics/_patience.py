"""When to stop: a distance that has risen for good."""

import math
from typing import Any, Literal


class Patience:
    """Watches a score that is measured now and then, and says when it has got worse for good.

    On few images a GAN's distance to its data falls, wavers, and at some time rises and does not come back.
    A score counts as no better until it beats the best one so far; the training is over when that has gone on
    for `measurements` in a row, and the best was so many measurements ago.

    ```
    patience = Patience(5, better="lower")
    run.keep(patience=patience, ...)
    ...
        if run.every(1_000):
            patience.add(distance)
            run.save(score=distance, better="lower")  # keeps the best checkpoint
        if patience.over:
            break
    ```

    Args:
        measurements: how many in a row may be no better.
        better: which scores are better.
        margin: by how much a score has to beat the best one, in its own units.

    Raises:
        ValueError: `measurements` is not positive, `better` is unknown, or `margin` is negative.
    """

    def __init__(
        self, measurements: int, *, better: Literal["higher", "lower"] = "lower", margin: float = 0.0
    ) -> None:
        if measurements < 1:
            raise ValueError(f"expected at least one measurement to wait for; got {measurements}")
        if better not in ("higher", "lower"):
            raise ValueError(f'expected better "higher" or "lower"; got {better!r}')
        if margin < 0:
            raise ValueError(f"expected a margin of at least 0; got {margin}")
        self._measurements = measurements
        self._sign = 1 if better == "higher" else -1
        self._margin = margin
        self._best: float | None = None
        self._since_best = 0

    @property
    def best(self) -> float | None:
        """The best score so far; None before the first."""
        return self._best

    @property
    def over(self) -> bool:
        """Whether to stop."""
        return self._since_best >= self._measurements

    def add(self, score: float) -> bool:
        """Take in a measurement.

        Several processes have to hand over the same score, as a metric's `compute` gives it to each.

        Returns:
            Whether it is the best so far.

        Raises:
            FloatingPointError: the score is no number.
        """
        score = float(score)
        if math.isnan(score):
            raise FloatingPointError("the score is no number (NaN)")
        is_best = self._best is None or self._sign * (score - self._best) > self._margin
        self._best = score if is_best else self._best
        self._since_best = 0 if is_best else self._since_best + 1
        return is_best

    def state_dict(self) -> dict[str, Any]:
        """What was measured, as plain numbers."""
        return {"best": self._best, "since_best": self._since_best}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from where `state_dict` was taken."""
        self._best, self._since_best = state["best"], state["since_best"]
