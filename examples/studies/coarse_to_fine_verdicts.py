"""The conclusions of Koshian's study, held against the cases of one task on one set."""

from collections.abc import Callable, Mapping, Sequence

from cases import Case
from spread import Rows, Spread, higher

EACH, ALL = "coarse-to-fine, each", "coarse-to-fine, all"
AUTOENCODER_EACH, AUTOENCODER_ALL, UNET = "autoencoder, each", "autoencoder, all", "U-Net"
STACKED = "autoencoder, inward"
PSNR = "PSNR, dB"


def verdicts(
    trivial: Rows, trained: Rows, cases: Mapping[str, Sequence[Case]], natural: Spread, task: str
) -> dict[str, str]:
    """Each conclusion and what was found.

    Args:
        trivial: the scores of the trivial rows.
        trained: those of the cases.
        cases: the logs of each case, for each seed.
        natural: the part of the pictures on which the autoencoder is nearer to the truth by features, 0 to 1.
        task: color or mosaic.
    """
    nothing = max(trivial, key=lambda name: trivial[name][PSNR].mean)
    best = max(trained, key=lambda name: trained[name][PSNR].mean)
    found = {
        "The best network is better than doing nothing": higher(
            trained[best][PSNR], trivial[nothing][PSNR], f"{nothing}; the network is {best}"
        )
    }
    if not trained[best][PSNR].above(trivial[nothing][PSNR]):
        return found  # nothing can be concluded from networks that have not learned

    def over(arm: str, value: Callable[[Case], float]) -> Spread:
        return Spread(tuple(value(case) for case in cases[arm]))

    settled = {arm: over(arm, lambda case: case.settled("psnr")) for arm in cases}
    for model, each, at_once in (("", EACH, ALL), (", autoencoder", AUTOENCODER_EACH, AUTOENCODER_ALL)):
        found[f"All at once ends higher than stage by stage{model}"] = higher(
            settled[at_once], settled[each], each
        )
        seconds = {arm: over(arm, Case.seconds) for arm in (each, at_once)}
        after = over(at_once, lambda case, end=seconds[each].mean: case.settled_after("psnr", end))
        found[f"and also in the time that stage by stage takes{model}"] = higher(after, settled[each], each)
        ratio = seconds[each].mean / seconds[at_once].mean
        found[f"Stage by stage takes about half the time{model}"] = _text(
            1 / 3 <= ratio <= 2 / 3, f"{ratio:.2f} of {seconds[at_once].text(0)} s"
        )
    found["From the inside out ends higher than from the outside in, as stacked autoencoders"] = higher(
        settled[AUTOENCODER_EACH], settled[STACKED], STACKED
    )
    apart = settled[ALL].above(settled[UNET]) or settled[UNET].above(settled[ALL])
    found["Inputs at every resolution change nothing"] = _text(
        not apart, f"{settled[ALL].text(2)} against {settled[UNET].text(2)} ({UNET})"
    )
    found["The U-Net is better than the autoencoder"] = higher(
        settled[UNET], settled[AUTOENCODER_ALL], AUTOENCODER_ALL
    )
    found["The autoencoder is at times as natural"] = _text(
        natural.mean >= 0.1, f"nearer to the truth by features on {100 * natural.mean:.0f} % of the pictures"
    )
    if task == "mosaic":
        found["Removing a mosaic overfits: PSNR in training is higher"] = higher(
            over(UNET, lambda case: case.settled("train_psnr")), settled[UNET], "held out"
        )
    return found


def _text(yes: bool, numbers: str) -> str:
    return f"**{'Yes' if yes else 'No'}**: {numbers}"
