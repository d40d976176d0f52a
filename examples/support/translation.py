"""Translations between two domains of unpaired images: data, scores, previews and results of a direction."""

from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from gan_data import Images, find_domains, require_equal_names, write_image
from gan_metrics import ImageMeans, psnr, ssim
from gan_nets import Usage
from gan_trainers import Loader, OptionError, Run, write_animation
from images import emoji as emoji_folder
from images import portraits as portraits_folder
from torch import Tensor

from support.common import check_data, jittered, numbered_name

Domains = tuple[Sequence[Path], Sequence[Path]]
States = Callable[[Tensor], dict[str, Tensor]]


class Network(Protocol):
    """Any network of gan_nets, or another that writes itself into a folder."""

    def save_pretrained(self, save_directory: Path, /) -> object:
        """Write the network's arguments and weights."""
        ...


class Direction(NamedTuple):
    """A translation, for evaluation.

    `states` maps a batch of sources (N, 3, H, W) to what the networks make of it, by name: "translated", and
    perhaps "reconstructed", which is compared with the sources, and others, which previews show too.
    """

    name: Literal["a_to_b", "b_to_a"]
    states: States
    test: Images
    sources: Loader
    targets: Loader | None  # true counterparts of the sources
    reconstructs: bool = True  # whether `states` has "reconstructed"


def check_source(data: Sequence[Path], *, emoji: bool, portraits: bool, preset: str) -> None:
    """Make sure that a recipe is given one source of images at most.

    Args:
        data: the folders of --data.
        emoji: whether --emoji is set.
        portraits: whether --portraits is set.
        preset: one that takes --data, after its recipe, for the error.

    Raises:
        OptionError: two of them are given.
    """
    if emoji and portraits:
        raise OptionError("--emoji and --portraits exclude each other; use one of them")
    check_data(data, embedded=emoji or portraits, preset=preset)


def check_halved_twice(size: int) -> None:
    """Make sure that a generator with residual blocks can halve the images twice.

    Raises:
        OptionError: it cannot.
    """
    if size % 4 or size < 8:
        raise OptionError(f"--size must be a multiple of 4, 8 or more, which is halved twice; got {size}")


def check_layers(layers: int, size: int) -> None:
    """Make sure that a PatchGAN of so many layers gives a logit for images of a size.

    Raises:
        OptionError: it gives none.
    """
    least = 3 * 2**layers  # `PatchDiscriminator.minimum_size`
    if layers and size < least:
        raise OptionError(f"--layers {layers} expects a --size of at least {least}; got {size}; use fewer")


def usage_of(size: int, load_size: int | Literal["jitter"] | None) -> Usage:
    """What a translator is for, with the shorter side of the images that its crops are cut from, if one."""
    return Usage("translate", trained_size=jittered(size) if load_size == "jitter" else load_size)


def find_files(
    data: Sequence[Path], *, emoji: bool = False, portraits: bool = False
) -> tuple[Domains, Domains]:
    """Files of A and of B to train on, and to test with: of --data, or of this repository.

    Args:
        data: one folder with trainA and trainB (and testA and testB), or one for each domain.
        emoji: Noto's (A) and Twemoji's (B) emoji instead.
        portraits: label maps (A) and portraits (B) instead.

    Raises:
        OptionError: --data has not one or two folders.
    """
    if emoji:
        return find_domains([emoji_folder()])
    if portraits:
        return find_domains([portraits_folder()])
    if not 1 <= len(data) <= 2:
        raise OptionError(f"--data expects one folder, or one for A and one for B; got {len(data)}")
    return find_domains(data)


def both_directions(
    run: Run, a_to_b: States, b_to_a: States, test: Domains, *, size: int, counterparts: bool
) -> tuple[Direction, Direction]:
    """A to B and B to A, on whole test images of `size`; with `counterparts`, equal names are true pairs.

    Raises:
        DataError: `counterparts`, and a name is in one domain alone.
    """
    if counterparts:
        require_equal_names(*test)
    a, b = (Images(files, size=size, load_size=size, crop="center", flip=False) for files in test)
    batches_a, batches_b = (run.loader(images, 8, shuffle=False, passes=1) for images in (a, b))
    return (
        Direction("a_to_b", a_to_b, a, batches_a, batches_b if counterparts else None),
        Direction("b_to_a", b_to_a, b, batches_b, batches_a if counterparts else None),
    )


def one_direction(
    run: Run,
    g: Callable[[Tensor], Tensor],
    test: Domains,
    *,
    direction: Literal["a-to-b", "b-to-a"],
    size: int,
    counterparts: bool,
) -> Direction:
    """The direction of a generator that has no inverse; `test` has the files of A and of B."""

    def states(real: Tensor) -> dict[str, Tensor]:
        return {"translated": g(real)}

    a_to_b, b_to_a = both_directions(run, states, states, test, size=size, counterparts=counterparts)
    chosen = a_to_b if direction == "a-to-b" else b_to_a
    return chosen._replace(reconstructs=False)


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
    """The scores of one direction; a preview shows its first batch in all states, and the counterparts."""
    scores = ImageMeans()
    targets: Iterable[Tensor | None] = direction.targets or repeat(None)
    for index, (real, target) in enumerate(zip(direction.sources, targets, strict=False)):
        states = direction.states(real)
        if direction.reconstructs:
            scores.add(reconstruction=psnr(states["reconstructed"], real, reduction="none"))
        if target is not None:
            scores.add(
                psnr=psnr(states["translated"], target, reduction="none"),
                ssim=ssim(states["translated"], target, reduction="none"),
                untranslated=psnr(real, target, reduction="none"),
            )
        if index == 0:
            columns = {"input": real, **states} | ({} if target is None else {"true": target})
            run.grid(direction.name, *columns.values(), titles=[*columns])
    return scores.compute() if direction.reconstructs or direction.targets else {}


def write_results(run: Run, directions: Sequence[Direction], **networks: Network) -> None:
    """Write networks into folders by name, each test image in its states, and an animation of the previews.

    The images are `pictures/a_to_b/STATE/0000-NAME.png`: real, translated, and reconstructed where it is.
    """
    if not run.is_main:
        return
    for name, network in networks.items():
        network.save_pretrained(run.out / name)
    for direction in directions:
        for index, path in enumerate(direction.test.paths):
            real = direction.test[index][None].to(run.device)
            states = {"real": real, **direction.states(real)}
            for state in states.keys() & {"real", "translated", "reconstructed"}:
                folder = run.out / "pictures" / direction.name / state
                folder.mkdir(parents=True, exist_ok=True)
                write_image(folder / f"{numbered_name(index, path)}.png", states[state][0])
    for direction in directions:  # last: previews of two sizes, from two different calls, are an error here
        previews = sorted((run.out / "previews" / direction.name).glob("*.png"))
        write_animation(run.out / f"{direction.name}.webp", previews)
    animation = run.out / f"{directions[0].name}.webp"
    print(f"test images, translated: {run.out / 'pictures'}; previews animated: {animation}")
