"""Translate between two kinds of pictures of which no two belong together: CycleGAN.

Zhu et al. 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks".

    accelerate launch examples/cyclegan.py                       # Noto's emoji to Twemoji's, minutes
    accelerate launch examples/cyclegan.py --data ~/horse2zebra  # the paper
"""

import math
from itertools import chain, repeat
from pathlib import Path
from typing import Literal, NamedTuple

import torch
import tyro
from gan_data import Images, UnpairedFolders, find_images, split_by_content, write_image
from gan_metrics import PSNR, SSIM
from gan_nets import PatchDiscriminator, cyclegan_resnet_modern, cyclegan_resnet_paper, init_normal_
from gan_trainers import (
    EMA,
    CycleGAN,
    Loader,
    Precision,
    Run,
    frozen,
    linear_decay,
    plain_errors,
    write_animation,
)
from images import emoji, people
from torch import Tensor, nn
from torch.optim import Adam


class Losses(NamedTuple):
    """Which losses the generators have: 1 or 0, as the paper's ablation takes them away (section 5.1.4)."""

    adversarial: int
    forward_cycle: int  # from A to B and back
    backward_cycle: int  # from B to A and back


LOSSES = {
    "full": Losses(1, 1, 1),
    "cycle": Losses(0, 1, 1),
    "gan": Losses(1, 0, 0),
    "gan-forward": Losses(1, 1, 0),
    "gan-backward": Losses(1, 0, 1),
}


class Application(NamedTuple):
    """What the paper does for one of its applications (section 5.2, appendix 7.1)."""

    identity: float  # weight of the identity loss, as a part of the cycles'
    load_size: Literal["jitter"] | None  # None cuts out of the pictures as large as they are
    data: str  # what it was trained on, by the name in the authors' archive


APPLICATIONS = {
    "style-transfer": Application(
        0.0,
        "jitter",
        "monet2photo, cezanne2photo, ukiyoe2photo or vangogh2photo; A: paintings, B: landscape photographs",
    ),
    "object-transfiguration": Application(
        0.0, "jitter", "horse2zebra or apple2orange; A and B: the two things"
    ),
    "season-transfer": Application(0.0, "jitter", "summer2winter_yosemite; A: summer, B: winter"),
    "painting-to-photo": Application(
        0.5, None, "monet2photo; A: Monet's paintings, B: landscape photographs"
    ),
    "photo-enhancement": Application(
        0.5, "jitter", "iphone2dslr_flower; A: taken by a phone, B: with shallow focus"
    ),
}


class Turn(NamedTuple):
    """Generators that learn in one step, and the discriminators of what they drew, which follow."""

    learns: Literal["both", "ab", "ba"]
    opt_g: Adam
    opt_d: Adam
    still: tuple[nn.Module, ...]  # the networks that the generators learn through


class Way(NamedTuple):
    """One direction, as it is tested."""

    name: str
    there: EMA
    back: EMA
    test: Images  # of the kind that is translated
    real: Loader  # the same in batches
    truth: Loader | None  # their true counterparts, if there are any


def main(
    data: tuple[Path, ...] = (),
    all_emoji: bool = False,
    application: Literal[
        "style-transfer",
        "object-transfiguration",
        "season-transfer",
        "painting-to-photo",
        "photo-enhancement",
    ]
    | None = None,
    out: Path = Path("runs/cyclegan"),
    losses: Literal["full", "cycle", "gan", "gan-forward", "gan-backward"] = "full",
    cycle_weight: float = 10.0,
    identity_weight: float | None = None,
    order: Literal["joint", "alternating"] = "joint",
    generator: Literal["paper", "modern"] = "paper",
    steps: int | None = None,
    batch_size: int = 1,
    size: int | None = None,
    load_size: int | None = None,
    width: int | None = None,
    blocks: int | None = None,
    layers: int = 3,
    pool_size: int = 50,
    lr: float = 2e-4,
    counterparts: bool = False,
    validate_every: int | None = None,
    seed: int = 0,
    precision: Precision = "auto",
    compile: bool = False,  # noqa: A002 - the field's word
    channels_last: bool | None = None,
    accumulate: int = 1,
    workers: int = 0,
    trackers: tuple[str, ...] = (),
) -> None:
    """Train two translators that undo each other; the same command again goes on where it stopped.

    Args:
        data: a folder that holds trainA and trainB (and testA and testB, or a tenth of each is held out); or
            two folders of any name; faces, hands and people of this repository's emoji if not given.
        all_emoji: without data, learn animals, food, things and signs too.
        application: the paper's settings for one of its applications; --data says where its pictures are, and
            docs/cyclegan/README.md which they are.
        out: the run's folder.
        losses: all of the paper's, or what its ablation leaves.
        cycle_weight: lambda, the weight of both cycles.
        identity_weight: of the loss that keeps colours; if not given, the application's, else 0 for --data
            and half of lambda for the emoji, unless --losses takes something away.
        order: both generators, then both discriminators (official PyTorch code); or each generator and the
            discriminator of what it drew (official Lua code).
        generator: the paper's, or the one without checkerboards.
        steps: how long to train; the learning rate falls over the second half. If not given, 4,000 for
            the emoji and the paper's 200 passes for --data.
        batch_size: pictures of each kind a step, on each process.
        size: side of the square crops, in pixels; 64 for the emoji, 256 for --data.
        load_size: shorter side before cropping; if not given, 286 pixels for each 256 of size, that of the
            pictures for painting-to-photo, and size itself for the emoji, whose margins are part of their
            style.
        width: channels of the networks' first layers; 32 for the emoji, 64 for --data.
        blocks: residual blocks of the generators; if not given, 3 for the emoji, else the paper's 6 below 256
            pixels and 9 from there on.
        layers: of the discriminators; 2, 3 and 4 judge patches of 34, 70 and 142 pixels.
        pool_size: earlier translations that each discriminator is shown as well.
        lr: learning rate of all players.
        counterparts: test pictures of the same name belong together, as among the emoji: compare with them.
        validate_every: steps between two looks at the test pictures, each with a preview and a checkpoint; a
            twelfth of all steps if not given.
        seed: of everything random.
        precision: what the networks compute in; auto is what accelerate was told, else the device's best.
        compile: compile the networks first.
        channels_last: memory layout; what measured faster if not given.
        accumulate: batches to a step.
        workers: processes that read ahead.
        trackers: accelerate's trackers to log to as well, such as tensorboard.
    """
    settings = dict(locals())
    data = tuple(folder.expanduser() for folder in data)
    share = identity_of(application, data, losses)
    identity_weight = cycle_weight * share if identity_weight is None else identity_weight
    size = size or (256 if data else 64)
    width = width or (64 if data else 32)
    blocks = blocks or (None if data else 3)
    enlarged = load_size or load_size_of(application, data, size)
    train, test_a, test_b = read_pictures(data, size, enlarged, all_emoji=all_emoji)
    counterparts = counterparts or not data
    settings |= {"identity_weight": identity_weight, "size": size, "load_size": enlarged, "width": width}
    settings["counterparts"] = counterparts

    run = Run(
        out,
        seed=seed,
        precision=precision,
        compile=compile,
        channels_last=channels_last,
        accumulate=accumulate,
        settings=settings,
        trackers=trackers,
    )
    steps = steps or (200 * len(train) // (batch_size * run.processes * accumulate) if data else 4_000)
    resnet = {"paper": cyclegan_resnet_paper, "modern": cyclegan_resnet_modern}[generator]
    g_ab, g_ba = (resnet(size, width=width, blocks=blocks) for _ in range(2))
    d_a, d_b = (PatchDiscriminator(3, layers=layers, width=width, norm="instance") for _ in range(2))
    for net in (g_ab, g_ba, d_a, d_b):
        init_normal_(net)
    turns = turns_of(order, accumulate, lr, g_ab, g_ba, d_a, d_b)
    on = LOSSES[losses]
    game = CycleGAN(
        g_ab,
        g_ba,
        d_a,
        d_b,
        cycle_weight=(cycle_weight * on.forward_cycle, cycle_weight * on.backward_cycle),
        identity_weight=identity_weight,
        adversarial_weight=on.adversarial,
        pool_size=pool_size,
    )
    ema_ab, ema_ba = (EMA(g, half_life=1_000, ramp_up=0.05) for g in (g_ab, g_ba))  # steps
    run.keep(g_ab=g_ab, g_ba=g_ba, d_a=d_a, d_b=d_b, ema_ab=ema_ab, ema_ba=ema_ba, game=game)
    for turn in turns:
        run.keep(**{f"opt_g_{turn.learns}": turn.opt_g, f"opt_d_{turn.learns}": turn.opt_d})
    optimizers = [optimizer for turn in turns for optimizer in (turn.opt_g, turn.opt_d)]
    batches = run.loader(train, batch_size, workers=workers)
    ways = ways_of(run, ema_ab, ema_ba, test_a, test_b, counterparts=counterparts)
    run.resume()

    for a, b in run.steps(batches, until=steps):  # (N, 3, H, W) in [-1, 1], no counterparts
        run.set_lr(lr * linear_decay(run.step, start=steps // 2, end=steps), *optimizers)
        for turn in turns:
            with frozen(*turn.still):  # the translators' turn
                loss, fakes, terms = game.generator_loss(a, b, turn.learns)
                run.update(turn.opt_g, loss)
            run.log(terms)
            loss, terms = game.discriminator_loss(a, b, fakes)  # the critics' turn
            run.update(turn.opt_d, loss)
            run.log(terms)
        if run.every(1):  # however many batches there are to a step
            ema_ab.update()
            ema_ba.update()
        if run.every(validate_every or max(1, steps // 12)):
            scores = {}
            for way in ways:
                found, pictures = validate(way, run.device)
                run.grid(way.name, *pictures)
                scores |= {f"{score}_{way.name}": value for score, value in found.items()}
            # The PSNR of equal pictures is infinite, which in a log stands for a run gone wrong.
            run.log({score: value for score, value in scores.items() if value != math.inf})
            truly = [value for score, value in scores.items() if score.startswith("psnr")]
            run.save(score=sum(truly) if truly else None)

    if run.is_main:
        write_results(out, ways, run.device)
        print(f"test pictures, translated: {out / 'pictures'}; how they came about: {out / 'a_to_b.webp'}")


def identity_of(application: str | None, data: tuple[Path, ...], losses: str) -> float:
    """Weight of the identity loss, as a part of the cycles'."""
    if application is None:
        # An emoji's colours mean something, and nothing else ties them. The paper's ablation is without it.
        return 0.5 if not data and losses == "full" else 0.0
    if not data:
        known = APPLICATIONS[application].data
        raise SystemExit(
            f"error: {application} expects --data, such as {known} (see docs/cyclegan/README.md)"
        )
    return APPLICATIONS[application].identity


def load_size_of(
    application: str | None, data: tuple[Path, ...], size: int
) -> int | Literal["jitter"] | None:
    """How large pictures are before they are cropped, as `UnpairedFolders` takes it."""
    if application:
        return APPLICATIONS[application].load_size
    return "jitter" if data else size


def turns_of(
    order: str, accumulate: int, lr: float, g_ab: nn.Module, g_ba: nn.Module, d_a: nn.Module, d_b: nn.Module
) -> list[Turn]:
    """Who learns in which order."""
    if order == "joint":
        return [Turn("both", adam(lr, g_ab, g_ba), adam(lr, d_a, d_b), still=(d_a, d_b))]
    if accumulate > 1:  # the second turn's batches would meet the first one's old and new weights
        raise SystemExit("error: --order alternating expects no --accumulate; take --order joint with it")
    return [
        Turn("ab", adam(lr, g_ab), adam(lr, d_b), still=(g_ba, d_b)),
        Turn("ba", adam(lr, g_ba), adam(lr, d_a), still=(g_ab, d_a)),
    ]


def adam(lr: float, *nets: nn.Module) -> Adam:
    """One optimiser for all parameters of these networks."""
    return Adam(chain(*(net.parameters() for net in nets)), lr=lr, betas=(0.5, 0.999), fused=True)


def read_pictures(
    data: tuple[Path, ...], size: int, load_size: int | Literal["jitter"] | None, *, all_emoji: bool
) -> tuple[UnpairedFolders, Images, Images]:
    """The pictures to learn from, and those of A and of B to test with."""
    if len(data) > 2:
        raise SystemExit(f"error: --data expects one folder, or one of A and one of B; got {len(data)}")
    if data and all_emoji:
        raise SystemExit("error: --all-emoji is about the emoji of this repository; leave it out with --data")
    root = data[0] if data else emoji()
    kinds = data if len(data) == 2 else (root / "trainA", root / "trainB")
    tests = (root / "testA", root / "testB")
    if len(data) < 2 and any(test.is_dir() for test in tests):
        (train_a, train_b), (test_a, test_b) = map(find_images, kinds), map(find_images, tests)
    else:
        (train_a, test_a), (train_b, test_b) = (split_by_content(find_images(kind), 0.1) for kind in kinds)
    if not data and not all_emoji:
        wanted = people()
        train_a, train_b, test_a, test_b = (
            [path for path in paths if path.name in wanted] for paths in (train_a, train_b, test_a, test_b)
        )
    train = UnpairedFolders(train_a, train_b, size=size, load_size=load_size)
    whole = [Images(test, size=size, load_size=size, crop="center", flip=False) for test in (test_a, test_b)]
    return train, whole[0], whole[1]


def ways_of(
    run: Run, g_ab: EMA, g_ba: EMA, test_a: Images, test_b: Images, *, counterparts: bool
) -> tuple[Way, Way]:
    """Both directions, with true counterparts if test pictures of one name are such."""
    names_a, names_b = ([path.stem for path in test.paths] for test in (test_a, test_b))
    if counterparts and names_a != names_b:
        alone = set(names_a) ^ set(names_b)
        raise SystemExit(
            f"error: --counterparts expects the same names in testA and testB; {len(alone)} are in one of "
            f"them alone, such as {min(alone, default='')}, or stand in another order, as in other folders; "
            "leave it out if the pictures do not belong together"
        )
    a, b = (run.loader(test, 8, shuffle=False, passes=1) for test in (test_a, test_b))
    return (
        Way("a_to_b", g_ab, g_ba, test_a, a, b if counterparts else None),
        Way("b_to_a", g_ba, g_ab, test_b, b, a if counterparts else None),
    )


def validate(way: Way, device: torch.device) -> tuple[dict[str, float], list[Tensor]]:
    """Translate all test pictures; return the scores, and the first batch in each state.

    The states are: as it is, translated, reconstructed from that, left as it is by the other translator
    (identity), and its true counterpart if there is one. PSNR in dB.
    """
    psnr, ssim, untranslated, reconstruction = (m().to(device) for m in (PSNR, SSIM, PSNR, PSNR))
    pictures: list[Tensor] = []
    for real, truth in zip(way.real, way.truth or repeat(None), strict=False):
        fake = way.there(real)
        back = way.back(fake)
        reconstruction.update(back, real)
        if truth is not None:
            psnr.update(fake, truth)
            ssim.update(fake, truth)
            untranslated.update(real, truth)
        pictures = pictures or [real, fake, back, way.back(real), *([] if truth is None else [truth])]
    found = {"reconstruction": reconstruction}
    if way.truth:
        found |= {"psnr": psnr, "ssim": ssim, "untranslated": untranslated}
    return {name: metric.compute().item() for name, metric in found.items()}, pictures


def write_results(out: Path, ways: tuple[Way, ...], device: torch.device) -> None:
    """Write both translators, what they make of the test pictures, and how the first of these came about."""
    for way in ways:
        way.there.average.save_pretrained(out / way.name)
        for index, path in enumerate(way.test.paths):
            real = way.test[index][None].to(device)
            fake = way.there(real)
            states = {"real": real, "translated": fake, "reconstructed": way.back(fake)}
            for state, picture in states.items():
                folder = out / "pictures" / way.name / state
                folder.mkdir(parents=True, exist_ok=True)
                write_image(folder / f"{index:04d}-{path.stem}.png", picture[0])
    for way in ways:  # last: frames of two sizes, from two ways to call this, make no moving picture
        write_animation(out / f"{way.name}.webp", sorted((out / "previews" / way.name).glob("*.png")))


if __name__ == "__main__":
    with plain_errors():
        tyro.cli(main)
