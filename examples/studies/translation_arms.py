"""The methods that section 5.1 of the CycleGAN paper compares, as runs of this repository's recipes."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from comparison import Job, folder, seed_folder
from images import portraits

DIRECTIONS = ("a_to_b", "b_to_a")
SECTION = {"generator": "paper", "identity_weight": 0.0}  # section 5.1 has no identity loss


class Arm(NamedTuple):
    """A method: a recipe and its options. One that learns a single direction is run once for each."""

    recipe: str
    options: dict[str, object]
    one_sided: bool = False
    on_emoji: str = "emoji"  # the preset; on the portraits it is "portraits"


def _cyclegan(**options: object) -> Arm:
    return Arm("cyclegan.py", SECTION | options)


CYCLEGAN, PIX2PIX = "CycleGAN", "pix2pix, with pairs"
ABLATIONS = {  # section 5.1.4
    "cycle alone": _cyclegan(adversarial_weight=0.0),
    "GAN alone": _cyclegan(cycle_weights=(0.0, 0.0)),
    "GAN + forward cycle": _cyclegan(cycle_weights=(10.0, 0.0)),
    "GAN + backward cycle": _cyclegan(cycle_weights=(0.0, 10.0)),
}
BASELINES = {  # section 5.1.2
    "CoGAN": Arm("cogan.py", {}),
    "BiGAN/ALI": Arm("bigan.py", {}),
    "pixel loss + GAN": Arm("content_gan.py", {"content": "pixel"}, one_sided=True),
    "feature loss + GAN": Arm("content_gan.py", {"content": "features"}, one_sided=True),
}
LATER = {  # Park et al. 2020
    "CUT": Arm("cut.py", {}, one_sided=True),
}
ARMS = {
    CYCLEGAN: _cyclegan(),
    **ABLATIONS,
    **BASELINES,
    **LATER,
    PIX2PIX: Arm("pix2pix.py", {}, one_sided=True, on_emoji="emoji-resnet"),
}


# Gatys et al. 2016 (section 5.2): pictures alone, since each is optimized by itself, and toward B alone.
STYLE_TRANSFER = {"Gatys, one picture": 1, "Gatys, the collection": 200}  # style pictures
SHOWN = 8  # test images in a picture of the page


def jobs(out: Path, kind: str, shared: dict[str, object], seeds: Sequence[int]) -> Iterator[Job]:
    """The runs of all arms on the images of a preset; every arm of a seed before the next seed."""
    for seed in seeds:
        for name, arm in ARMS.items():
            preset = arm.on_emoji if kind == "emoji" else kind
            options = {**shared, **arm.options, "seed": seed}
            if not arm.one_sided:
                yield Job(arm.recipe, preset, options, run_folder(out, kind, name, DIRECTIONS[0], seed))
                continue
            for direction in DIRECTIONS:
                own = {"direction": direction.replace("_", "-")}
                yield Job(arm.recipe, preset, options | own, run_folder(out, kind, name, direction, seed))


def run_folder(out: Path, kind: str, name: str, direction: str, seed: int) -> Path:
    """The folder of the run that has an arm's translations in a direction."""
    run = seed_folder(out / kind, name, seed)
    return run / direction if ARMS[name].one_sided else run


def style_transfer_jobs(out: Path, kind: str, size: int) -> Iterator[Job]:
    """The runs of style transfer on the shown images of a set."""
    for name, pictures in STYLE_TRANSFER.items():
        options: dict[str, object] = {"images": SHOWN, "pictures": pictures, "size": size}
        if kind == "portraits":
            options |= {"content": portraits() / "testA", "style": portraits() / "trainB"}
            options |= {
                "enlarge": 2,
                "network": "lite0",
                "style_weight": 1e4,
                "start": "content",
                "steps": 100,
            }
        preset = "emoji" if kind == "emoji" else "paper"
        yield Job("style_transfer.py", preset, options, folder(out / kind, name))
