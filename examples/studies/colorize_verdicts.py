"""What article 002 states on the color spaces, held against the scores and the logs of the arms."""

from collections.abc import Callable, Sequence

from comparison import Row, last
from spread import Rows, Spread, column, higher, lower

BEST, SAME_SPACE, WITH_GRAY, RGB_ALONE = "ycrcb-rgb", "ycrcb-ycrcb", "rgb-rgb-gray", "rgb-rgb"
FEATURES = "with features"  # the best of them, with another generator and a weaker discriminator
ALONE = "with features, no discriminator"
TRANSLATED = f"{ALONE}, as translated"  # the same networks: what `translate` gives, instead of one view
ERROR, RED, COLOR = "chroma error, %", "correlation of Cr", "colorfulness"

Logs = dict[str, list[list[Row]]]  # of each arm, for each seed


def verdicts(trivial: Rows, trained: Rows) -> dict[str, str]:
    """Each statement on colors and what was found, such as "**Yes**: 9.1 ±0.2 against 9.9 (gray)".

    Args:
        trivial: the scores of the trivial rows.
        trained: the scores of the arms, and of `TRANSLATED`.
    """
    nothing = min(trivial, key=lambda name: trivial[name][ERROR].mean)
    known = max(trivial, key=lambda name: trivial[name][RED].mean)
    best, same, with_gray, alone = (trained[arm] for arm in (BEST, SAME_SPACE, WITH_GRAY, RGB_ALONE))
    features, without, translated = trained[FEATURES], trained[ALONE], trained[TRANSLATED]
    errors, reds = column(trivial, ERROR), column(trivial, RED)
    return {
        f"{BEST} is nearer to the true colors than doing nothing": lower(
            best[ERROR], trivial[nothing][ERROR], nothing
        ),
        f"{BEST} knows what is red better than doing nothing": higher(best[RED], trivial[known][RED], known),
        "The discriminator should see RGB: in YCrCb there is a haze": lower(
            best[ERROR], same[ERROR], SAME_SPACE, trivial=errors
        ),
        "RGB alone is second to YCrCb": lower(best[ERROR], alone[ERROR], RGB_ALONE, trivial=errors),
        "Where the discriminator sees the gray image, colors turn to sepia or vanish (colorfulness)": lower(
            with_gray[COLOR], alone[COLOR], RGB_ALONE
        ),
        "Features of an ImageNet classifier help: the error": lower(
            features[ERROR], best[ERROR], BEST, trivial=errors
        ),
        "and the correlation of Cr": higher(features[RED], best[RED], BEST, trivial=reds),
        "With them, the error is lower than by doing nothing": lower(
            features[ERROR], trivial[nothing][ERROR], nothing
        ),
        "and the correlation of Cr higher": higher(features[RED], trivial[known][RED], known),
        "The discriminator makes colors stronger": higher(features[COLOR], without[COLOR], ALONE),
        "and lowers the error": lower(features[ERROR], without[ERROR], ALONE, trivial=errors),
        "Six views and less chroma lower the error": lower(
            translated[ERROR], without[ERROR], ALONE, trivial=errors
        ),
        "With them, the error of the default is lower than by doing nothing": lower(
            translated[ERROR], trivial[nothing][ERROR], nothing
        ),
    }


def verdicts_of_training(logs: Logs) -> dict[str, str]:
    """Each statement on the course of the training.

    Args:
        logs: the scalars of the arms' runs.
    """
    early = {
        arm: over_runs(logs[arm], lambda rows: _at(rows, "cr_correlation", 0.25)) for arm in (BEST, RGB_ALONE)
    }
    ahead = {arm: over_runs(logs[arm], lambda rows: last(rows, "accuracy")) for arm in (WITH_GRAY, RGB_ALONE)}
    return {
        "With a generator in YCrCb, colors appear early (Cr after a quarter of the steps)": higher(
            early[BEST], early[RGB_ALONE], RGB_ALONE
        ),
        "A discriminator that sees the gray image becomes too strong (accuracy)": higher(
            ahead[WITH_GRAY], ahead[RGB_ALONE], RGB_ALONE
        ),
        "The discriminator's loss falls": lower(*_early_and_late(logs[BEST], "discriminator")),
        "the generator's cross-entropy rises": higher(*_early_and_late(logs[BEST], "adversarial")),
    }


def _early_and_late(runs: Sequence[list[Row]], name: str) -> tuple[Spread, Spread, str]:
    late, early = (over_runs(runs, lambda rows, part=part: _at(rows, name, part)) for part in (1.0, 0.25))
    return late, early, "after a quarter of the steps"


def _at(rows: Sequence[Row], name: str, part: float) -> float:
    """The value that was logged nearest to a part of the steps."""
    logged = [row for row in rows if name in row]
    return min(logged, key=lambda row: abs(row["step"] - part * rows[-1]["step"]))[name]


def over_runs(runs: Sequence[list[Row]], value: Callable[[list[Row]], float]) -> Spread:
    """A number of each run's log."""
    return Spread(tuple(value(rows) for rows in runs))
