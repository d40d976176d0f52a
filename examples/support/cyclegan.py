"""CycleGAN's data, and its evaluation: scores, previews and results of both directions."""

from collections.abc import Sequence
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gan_data import Images, find_domains, require_equal_names, write_image
from gan_metrics import ImageMeans, psnr, ssim
from gan_nets import ResnetGenerator
from gan_trainers import EMA, Loader, OptionError, Run, write_animation
from images import emoji_domains
from torch import Tensor

from support.common import numbered_name

if TYPE_CHECKING:
    from cyclegan import Options

Domains = tuple[Sequence[Path], Sequence[Path]]


class Direction(NamedTuple):
    """One of the two translations, for evaluation."""

    name: str
    translate: EMA[ResnetGenerator]
    invert: EMA[ResnetGenerator]
    test: Images
    sources: Loader
    targets: Loader | None  # true counterparts of the sources


def find_files(options: "Options") -> tuple[Domains, Domains]:
    """Files of A and of B to train on, and to test with.

    Raises:
        OptionError: --data has not one or two folders.
    """
    if options.emoji:
        return emoji_domains(options.emoji)
    if not 1 <= len(options.data) <= 2:
        raise OptionError(f"--data expects one folder, or one for A and one for B; got {len(options.data)}")
    return find_domains(options.data)


def both_directions(
    run: Run, ema_ab: EMA[ResnetGenerator], ema_ba: EMA[ResnetGenerator], test: Domains, options: "Options"
) -> tuple[Direction, Direction]:
    """A to B and B to A, on whole test images."""
    counterparts, size = options.counterparts, options.size
    if counterparts:
        require_equal_names(*test)
    a, b = (Images(files, size=size, load_size=size, crop="center", flip=False) for files in test)
    batches_a, batches_b = (run.loader(images, 8, shuffle=False, passes=1) for images in (a, b))
    return (
        Direction("a_to_b", ema_ab, ema_ba, a, batches_a, batches_b if counterparts else None),
        Direction("b_to_a", ema_ba, ema_ab, b, batches_b, batches_a if counterparts else None),
    )


def translated(direction: Direction, real: Tensor) -> dict[str, Tensor]:
    """A batch in every state: real, translated, reconstructed, and through the inverse alone (identity)."""
    fake = direction.translate(real)
    reconstructed = direction.invert(fake)
    return {
        "real": real,
        "translated": fake,
        "reconstructed": reconstructed,
        "identity": direction.invert(real),
    }


def evaluate_and_save(run: Run, directions: Sequence[Direction]) -> None:
    """Log the scores over all test images (PSNR in dB), and save a checkpoint, scored by PSNR if known."""
    scores = {
        f"{name}_{direction.name}": score
        for direction in directions
        for name, score in _evaluate(run, direction).items()
    }
    run.log(scores)
    decibels = [score for name, score in scores.items() if name.startswith("psnr")]
    run.save(score=sum(decibels) if decibels else None)


def _evaluate(run: Run, direction: Direction) -> dict[str, float]:
    """The scores of one direction; a preview shows its first batch in all states."""
    scores = ImageMeans()
    batches = zip(direction.sources, direction.targets or repeat(None), strict=False)
    for index, (real, target) in enumerate(batches):
        states = translated(direction, real) | ({} if target is None else {"target": target})
        scores.add(reconstruction=psnr(states["reconstructed"], real, reduction="none"))
        if target is not None:
            scores.add(
                psnr=psnr(states["translated"], target, reduction="none"),
                ssim=ssim(states["translated"], target, reduction="none"),
                untranslated=psnr(real, target, reduction="none"),
            )
        if index == 0:
            run.grid(direction.name, *states.values())
    return scores.compute()


def write_results(run: Run, directions: Sequence[Direction]) -> None:
    """Write the generators, the translation of each test image, and an animation of the previews."""
    if not run.is_main:
        return
    for direction in directions:
        direction.translate.average.save_pretrained(run.out / direction.name)
        for index, path in enumerate(direction.test.paths):
            states = translated(direction, direction.test[index][None].to(run.device))
            for state in ("real", "translated", "reconstructed"):
                folder = run.out / "pictures" / direction.name / state
                folder.mkdir(parents=True, exist_ok=True)
                write_image(folder / f"{numbered_name(index, path)}.png", states[state][0])
    for direction in directions:  # last: previews of two sizes, from two different calls, are an error here
        previews = sorted((run.out / "previews" / direction.name).glob("*.png"))
        write_animation(run.out / f"{direction.name}.webp", previews)
    print(f"test images, translated: {run.out / 'pictures'}; previews animated: {run.out / 'a_to_b.webp'}")
