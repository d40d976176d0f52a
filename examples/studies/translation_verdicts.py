"""What sections 5.1.3 to 5.1.6 of the CycleGAN paper state, held against the tables of one direction."""

from collections.abc import Iterable

from spread import Rows, Spread, higher, lower
from translation_arms import ABLATIONS, BASELINES, CYCLEGAN, PIX2PIX
from translation_tables import FROM_PAIRS

# The measure that decides: where there are classes, how well they are found; else the distance to the target
# set, since distances to the counterparts reward blur.
WITH_CLASSES, WITHOUT_CLASSES = "class IoU", "kernel distance"


def verdicts(trivial: Rows, methods: Rows, cycles: dict[str, Spread], direction: str) -> dict[str, str]:
    """Each statement and what was found, such as "**Yes**: 41.2 ±0.3 against 30.1 ±0.2 (CoGAN)".

    Args:
        trivial: the scores of the trivial rows.
        methods: the scores of the methods.
        cycles: the PSNR of the reconstructions by method, and of the mean image.
        direction: a_to_b or b_to_a.
    """
    nothing = _best(trivial, [name for name in trivial if name not in FROM_PAIRS])
    learned = _better(methods[CYCLEGAN], trivial[nothing])
    found = {"CycleGAN is better than doing nothing": _compared(methods[CYCLEGAN], trivial[nothing], nothing)}
    if not learned:  # nothing can be concluded from methods that have not learned
        return found
    baseline = _best(methods, BASELINES)
    found["The baselines fail beside CycleGAN"] = _against(methods, baseline)
    found["CycleGAN comes close to pix2pix, which has pairs"] = _close_to_pix2pix(methods, baseline)
    found |= {f"Removing a loss hurts: {name}": _against(methods, name) for name in ABLATIONS}
    return found | _about_cycles(cycles, direction)


def _about_cycles(cycles: dict[str, Spread], direction: str) -> dict[str, str]:
    trained, other = "GAN + forward cycle", "GAN + backward cycle"
    if direction == "b_to_a":
        trained, other = other, trained
    mean = "the mean image"
    return {
        "A direction whose cycle is not trained is lost": _text(
            cycles[trained].above(cycles[other]),
            f"reconstructed at {cycles[other].text(1)} dB",
            f"{cycles[trained].text(1)}",
        ),
        "The reconstructions are close to the input": _text(
            cycles[CYCLEGAN].above(cycles[mean]),
            f"{cycles[CYCLEGAN].text(1)} dB",
            f"{cycles[mean].text(1)} ({mean})",
        ),
    }


def _close_to_pix2pix(methods: Rows, baseline: str) -> str:
    """Whether CycleGAN is nearer to pix2pix than to the best baseline."""
    ours, bound, theirs = (_value(methods[name]).mean for name in (CYCLEGAN, PIX2PIX, baseline))
    text = (_value(methods[name]).text(2) for name in (CYCLEGAN, PIX2PIX))
    return _text(abs(bound - ours) < abs(ours - theirs), *text)


def _against(methods: Rows, name: str) -> str:
    return _compared(methods[CYCLEGAN], methods[name], name)


def _compared(ours: dict[str, Spread], theirs: dict[str, Spread], name: str) -> str:
    better = higher if WITH_CLASSES in ours else lower
    return better(_value(ours), _value(theirs), name)


def _text(yes: bool, ours: str, theirs: str) -> str:
    return f"**{'Yes' if yes else 'No'}**: {ours} against {theirs}"


def _better(ours: dict[str, Spread], theirs: dict[str, Spread]) -> bool:
    a, b = _value(ours), _value(theirs)
    return a.above(b) if WITH_CLASSES in ours else b.above(a)


def _best(rows: Rows, names: Iterable[str]) -> str:
    """The name of the row that is best by the measure that decides."""
    sign = 1 if WITH_CLASSES in next(iter(rows.values())) else -1
    return max(names, key=lambda name: sign * _value(rows[name]).mean)


def _value(row: dict[str, Spread]) -> Spread:
    return row[WITH_CLASSES if WITH_CLASSES in row else WITHOUT_CLASSES]
