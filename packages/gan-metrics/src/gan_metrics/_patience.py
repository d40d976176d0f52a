"""Early stopping."""

import math
from typing import Any, Literal


class Patience:
    """Early stopping, once a score has not improved for a number of evaluations.

    On few images, a GAN's distance to its data falls, fluctuates, and rises for good at some point. Training
    should stop once `evaluations` scores in a row were no better than the best one.

    ```
    patience = Patience(5, better="lower")
    run.register(patience=patience, ...)
    ...
        if run.every(1_000):
            patience.add(distance)
            run.save(score=distance, better="lower")  # keeps the best checkpoint
        if patience.over:
            break
    ```

    Args:
        evaluations: how many in a row may be no better.
        better: which scores are better.
        margin: by how much a score has to be better than the best one, in its own units.

    Attributes:
        same_on_every_process: that a checkpoint of gan-trainers holds it once, since all processes add the
            same scores.

    Raises:
        ValueError: `evaluations` is not positive, `better` is unknown, or `margin` is negative.

    Examples:
        >>> patience = Patience(2, better="lower")
        >>> [patience.add(score) for score in (50.0, 40.0, 42.0, 41.0)]
        [True, True, False, False]
        >>> patience.over, patience.best
        (True, 40.0)
    """

    same_on_every_process = True

    def __init__(
        self, evaluations: int, *, better: Literal["higher", "lower"] = "lower", margin: float = 0.0
    ) -> None:
        if evaluations < 1:
            raise ValueError(f"expected at least one evaluation to wait for; got {evaluations}")
        if better not in ("higher", "lower"):
            raise ValueError(f'expected better "higher" or "lower"; got {better!r}; use one of the two')
        if margin < 0:
            raise ValueError(f"expected a margin of at least 0; got {margin}")
        self._evaluations = evaluations
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
        return self._since_best >= self._evaluations

    def add(self, score: float) -> bool:
        """Record a score.

        With several processes all have to record the same score; a metric's `compute` returns it to each.

        Returns:
            Whether it is the best so far.

        Raises:
            FloatingPointError: the score is NaN.
        """
        score = float(score)
        if math.isnan(score):
            raise FloatingPointError("expected a number as the score; got NaN; check the metric's images")
        is_best = self._best is None or self._sign * (score - self._best) > self._margin
        self._best = score if is_best else self._best
        self._since_best = 0 if is_best else self._since_best + 1
        return is_best

    def state_dict(self) -> dict[str, Any]:
        """The state, as plain numbers."""
        return {"best": self._best, "since_best": self._since_best}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from the state of `state_dict`."""
        self._best, self._since_best = state["best"], state["since_best"]
