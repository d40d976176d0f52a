"""Findings about the health of a run, from its curves and previews: each a sentence with its numbers."""

from collections.abc import Mapping
from pathlib import Path
from statistics import median, quantiles

from torch import Tensor

from gan_trainers.logs.curves import Row
from gan_trainers.logs.previews import read_grid

HIGHER_IS_BETTER = ("psnr", "ssim", "iou", "accuracy", "correlation")
LOWER_IS_BETTER = ("distance", "error", "fid", "kid", "lpips", "mse", "mae", "niqe")
# Scores of no network: their prefix, that of the network's score, and whose they are.
TRIVIAL = {
    "gray_": ("", "of the gray image"),
    "bicubic_": ("", "of bicubic interpolation"),
    "untranslated": ("psnr", "of the input itself"),
}
REFERENCES = (*TRIVIAL, "true_")  # scores of something else, to compare with

LEAST_ROWS = 10  # a shorter log shows nothing
_WON = 5  # a loss so many times smaller than at first no longer trains its player
_SWING = 1.0  # spread of the middle four fifths of a steady loss, relative to its median
_ALIKE = 0.15  # images with less than this part of another column's variety look alike
_GAP = 2.0  # dB between training and evaluation that count as overfitting


def findings(rows: list[Row], previews: Mapping[str, Path]) -> list[str]:
    """Sentences about what looks wrong; none for a run that looks healthy.

    Args:
        rows: of the run's log.
        previews: the newest grid of each name.
    """
    found: list[str] = []
    if len(rows) >= LEAST_ROWS:
        series = {name: [row[name] for row in rows if name in row] for name in rows[-1]}
        for name, values in series.items():
            if name.startswith(("discriminator", "adversarial")) and len(values) >= LEAST_ROWS:
                found += _balance(name, values)
        found += _past_best(rows) + _overfitting(rows) + _no_better(rows)
    return found + [line for name, file in previews.items() for line in _alike(name, read_grid(file))]


def direction(name: str) -> int:
    """1 if more of a scalar is better, -1 if less is, by parts of its name; 0 if it is no score."""
    if name.startswith(REFERENCES):
        return 0
    if any(word in name for word in LOWER_IS_BETTER):
        return -1
    return int(any(word in name for word in HIGHER_IS_BETTER))


def _balance(name: str, values: list[float]) -> list[str]:
    """Whether one player has won, or a loss oscillates."""
    tenth = max(1, len(values) // 10)
    first, last = median(values[:tenth]), median(values[-tenth:])
    if 0 <= last < first / _WON:
        of_discriminator = name.startswith("discriminator")
        winner = "the discriminator has won" if of_discriminator else "the generator has won"
        remedy = (
            "it recognizes every fake image, and the generator hardly learns from it: try augmentation, a "
            "smaller discriminator, or a lower learning rate for the discriminator"
            if of_discriminator
            else "the discriminator takes its images for real: try a larger discriminator, or a higher "
            "learning rate for it"
        )
        return [f"{winner}: {name} fell from {first:.3g} to {last:.3g}; {remedy}"]
    late = values[len(values) // 2 :]
    deciles = quantiles(late, n=10)
    if abs(median(late)) * _SWING < deciles[-1] - deciles[0]:
        return [
            f"{name} oscillates: in the second half it is between {deciles[0]:.3g} and {deciles[-1]:.3g}, "
            f"with a median of {median(late):.3g}; try a lower learning rate, or a gradient penalty"
        ]
    return []


def _past_best(rows: list[Row]) -> list[str]:
    """Scores that were clearly better at an earlier step."""
    found: list[str] = []
    for name in {name for row in rows for name in row if direction(name)}:
        points = [(row[name], row["step"]) for row in rows if name in row]
        sign = direction(name)
        best, step = max(points, key=lambda point: sign * point[0])
        last = points[-1][0]
        spread = max(value for value, _ in points) - min(value for value, _ in points)
        if len(points) > 2 and step < 0.7 * rows[-1]["step"] and sign * (best - last) > 0.2 * spread > 0:
            found.append(
                f"{name} was best at step {step:.0f} ({best:.4g}) and is {last:.4g} now; "
                "a checkpoint near that step may be better"
            )
    return sorted(found)


def _no_better(rows: list[Row]) -> list[str]:
    """Scores that are no better than those of doing nothing, by their last values."""
    last: Row = {}
    for row in rows:
        last |= row
    pairs = [
        (score_prefix + reference.removeprefix(prefix), reference, whose)
        for prefix, (score_prefix, whose) in TRIVIAL.items()
        for reference in last
        if reference.startswith(prefix)
    ]
    return [
        f"{score} is {last[score]:.4g}, no better than the {last[reference]:.4g} {whose}: by this measure "
        "the network adds nothing; look at the previews, train longer, or on more images"
        for score, reference, whose in pairs
        if score in last and (sign := direction(score)) and sign * (last[score] - last[reference]) <= 0
    ]


def _overfitting(rows: list[Row]) -> list[str]:
    """Whether the PSNR of training images runs ahead of that of held-out images."""
    both = [(row["train_psnr"], row["psnr"]) for row in rows if {"train_psnr", "psnr"} <= row.keys()]
    gaps = [train - held_out for train, held_out in both]
    if len(gaps) > 2 and gaps[-1] - min(gaps) > _GAP:
        train, held_out = both[-1]
        return [
            f"the network overfits: PSNR {train:.2f} dB on training images, {held_out:.2f} dB on held-out "
            f"ones; the gap has grown by {gaps[-1] - min(gaps):.2f} dB: more images or augmentation help"
        ]
    return []


def _alike(name: str, columns: Tensor | None) -> list[str]:
    """Columns of a grid (C, N, 3, H, W) whose images hardly differ while those of another column do."""
    if columns is None or columns.shape[1] < 3:
        return []
    pixels = columns.flatten(2)
    variety = (pixels[:, :, None] - pixels[:, None]).abs().mean(dim=(1, 2, 3)).tolist()
    return [
        f"the images in column {number} of {name} look alike: their mean difference is {own:.2g} of the "
        f"range, that of column {variety.index(max(variety)) + 1} is {max(variety):.2g}; the generator may "
        "have collapsed"
        for number, own in enumerate(variety, start=1)
        if own < _ALIKE * max(variety)
    ]
