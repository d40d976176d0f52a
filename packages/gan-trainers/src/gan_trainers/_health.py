"""What the curves and pictures of a run say about its health, in plain words with the numbers behind them."""

from collections.abc import Mapping
from pathlib import Path
from statistics import median, quantiles

from torch import Tensor

from gan_trainers._curves import Row
from gan_trainers._previews import read_grid

LEAST_ROWS = 10  # a shorter log says nothing
WON = 5  # times smaller than at first is a loss that its player need not care about any more
SWING = 1.0  # of the median; what the middle four fifths of a loss may spread over while it is steady
ALIKE = 0.15  # of another column's variety; pictures that differ less look alike
GAP = 2.0  # dB by which training has to run ahead of validation before it is worth a word
BETTER_LOWER = (
    "distance",
    "fid",
    "kid",
    "lpips",
    "mse",
    "mae",
    "niqe",
)  # what the names of such scores contain
SCORES = ("psnr", "ssim", *BETTER_LOWER)


def hints(rows: list[Row], previews: Mapping[str, Path]) -> list[str]:
    """What is worth a look.

    Args:
        rows: of the run's log.
        previews: the newest grid of each name.

    Returns:
        One sentence for each finding; none for a run that looks healthy.
    """
    found = []
    if len(rows) >= LEAST_ROWS:
        series = {name: [row[name] for row in rows if name in row] for name in rows[-1]}
        for name, values in series.items():
            if name.startswith(("discriminator", "adversarial")) and len(values) >= LEAST_ROWS:
                found += _contest(name, values)
        found += _past_its_best(rows) + _overfitting(rows)
    return found + [line for name, file in previews.items() for line in _alike(name, read_grid(file))]


def _contest(name: str, values: list[float]) -> list[str]:
    """Whether one side has won, or neither settles."""
    tenth = max(1, len(values) // 10)
    first, last = median(values[:tenth]), median(values[-tenth:])
    if 0 <= last < first / WON:
        of_critic = name.startswith("discriminator")
        winner = "the discriminator wins" if of_critic else "the generator wins"
        remedy = (
            "it tells every fake, and the generator learns little from it: try augmentation, a smaller "
            "discriminator or a lower learning rate for it"
            if of_critic
            else "the fakes pass for real: try a larger discriminator, or a higher learning rate for it"
        )
        return [f"{winner}: {name} fell from {first:.3g} to {last:.3g}; {remedy}"]
    late = values[len(values) // 2 :]
    deciles = quantiles(late, n=10)
    if abs(median(late)) * SWING < deciles[-1] - deciles[0]:
        return [
            f"{name} oscillates: in the second half it swings between {deciles[0]:.3g} and {deciles[-1]:.3g} "
            f"around {median(late):.3g}; try a lower learning rate, or a penalty on the discriminator"
        ]
    return []


def _past_its_best(rows: list[Row]) -> list[str]:
    """Scores that were clearly better some time ago."""
    found = []
    for name in {name for row in rows for name in row if any(score in name for score in SCORES)}:
        points = [(row[name], row["step"]) for row in rows if name in row]
        sign = -1 if any(word in name for word in BETTER_LOWER) else 1
        best, at = max(points, key=lambda point: sign * point[0])
        last = points[-1][0]
        spread = max(value for value, _ in points) - min(value for value, _ in points)
        if len(points) > 2 and at < 0.7 * rows[-1]["step"] and sign * (best - last) > 0.2 * spread > 0:
            found.append(
                f"{name} was best at step {at:.0f} ({best:.4g}) and is {last:.4g} now; "
                "a checkpoint of that time may be the better one"
            )
    return sorted(found)


def _overfitting(rows: list[Row]) -> list[str]:
    """Whether training gets ahead of validation."""
    both = [(row["train_psnr"], row["psnr"]) for row in rows if {"train_psnr", "psnr"} <= row.keys()]
    gaps = [train - held_out for train, held_out in both]
    if len(gaps) > 2 and gaps[-1] - min(gaps) > GAP:
        train, held_out = both[-1]
        return [
            f"it learns its training pictures by heart: PSNR {train:.2f} dB on them, {held_out:.2f} dB on "
            f"others; the gap has grown by {gaps[-1] - min(gaps):.2f} dB: more pictures or augmentation help"
        ]
    return []


def _alike(name: str, columns: Tensor | None) -> list[str]:
    """Columns of a grid (C, N, 3, H, W) whose pictures hardly differ, while those of another do."""
    if columns is None or columns.shape[1] < 3:
        return []
    pictures = columns.flatten(2)
    variety = (pictures[:, :, None] - pictures[:, None]).abs().mean(dim=(1, 2, 3)).tolist()
    return [
        f"the pictures in column {number} of {name} look alike: on average they differ by {own:.2g} of the "
        f"range, those of column {variety.index(max(variety)) + 1} by {max(variety):.2g}; the generator may "
        "have collapsed"
        for number, own in enumerate(variety, start=1)
        if own < ALIKE * max(variety)
    ]
