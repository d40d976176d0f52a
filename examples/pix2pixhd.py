"""Paint photos from maps of what is where: pix2pixHD, first the coarse picture, then its details.

Wang et al. 2018, "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs".

    accelerate launch examples/pix2pixhd.py                       # colours drawings of emoji, minutes
    accelerate launch examples/pix2pixhd.py --data ~/cityscapes   # the paper: 512x1024, then 1024x2048
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from colorsys import hsv_to_rgb
from itertools import chain
from pathlib import Path
from typing import Literal, NamedTuple

import torch
import tyro
from gan_data import (
    LabeledFiles,
    LabeledPhoto,
    LabeledPhotos,
    boundary_map,
    find_labeled,
    one_hot,
    split_by_content,
    write_image,
)
from gan_losses import PerceptualLoss, pix2pixhd_perceptual_loss
from gan_metrics import PSNR, SSIM
from gan_nets import (
    GlobalGenerator,
    InstanceEncoder,
    LocalEnhancer,
    MultiscaleDiscriminator,
    init_normal_,
)
from gan_trainers import (
    Loader,
    Pix2PixHD,
    Precision,
    Run,
    frozen,
    linear_decay,
    plain_errors,
    write_animation,
    write_grid,
)
from images import emoji
from images.emoji_maps import CLASSES, write_emoji_maps
from pix2pixhd_looks import draw_looks, find_looks
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Adam

DRAWS = 3  # pictures of each held-out map with looks by chance


class Painter(NamedTuple):
    """What turns maps into pictures."""

    generator: GlobalGenerator | LocalEnhancer
    encoder: InstanceEncoder | None  # tells what a photo's instances look like; without one, it is guessed
    classes: int

    def maps(self, labels: Tensor, instances: Tensor) -> Tensor:
        """Two (N, H, W) to (N, classes + 1, H, W): a plane for each class, and the boundaries."""
        return torch.cat([one_hot(labels, self.classes), boundary_map(instances)], dim=1)

    def looks(self, instances: Tensor, photo: Tensor) -> Tensor | None:
        """(N, H, W) and (N, 3, H, W) to (N, F, H, W), the same all over an instance."""
        return None if self.encoder is None else self.encoder(photo, instances[:, None])

    def paint(self, maps: Tensor, looks: Tensor | None) -> Tensor:
        """(N, classes + 1, H, W) and (N, F, H, W) to (N, 3, H, W) in [-1, 1]."""
        return self.generator(maps if looks is None else torch.cat([maps, looks], dim=1))


class Stage(NamedTuple):
    """One of the two trainings: of the global generator at half of the size, of the enhancer at all of it."""

    name: str
    painter: Painter
    d: MultiscaleDiscriminator
    opt_g: Adam
    opt_d: Adam
    game: Pix2PixHD
    batches: Loader
    test: Loader
    begins: int  # the step before its first
    ends: int  # its last step


class Phase(NamedTuple):
    """A span of a training."""

    name: str
    stage: Stage
    begins: int  # the step before its first
    steps: int
    still: tuple[nn.Module, ...]  # networks that are frozen
    fresh: tuple[Adam, ...]  # optimisers that forget what they have gathered


def main(
    data: Path | None = None,
    out: Path = Path("runs/pix2pixhd"),
    classes: int | None = None,
    features: int | None = None,
    perceptual: Literal["none", "torchvision"] | Path = "none",
    perceptual_weight: float = 10.0,
    feature_matching_weight: float = 10.0,
    steps: tuple[int, int] | None = None,
    fix_global: int | None = None,
    batch_size: int | None = None,
    size: tuple[int, int] | None = None,
    width: int | None = None,
    downsamplings: int | None = None,
    blocks: int | None = None,
    scales: tuple[int, int] = (2, 3),
    lr: float = 2e-4,
    validation: float = 0.1,
    validate_every: int | None = None,
    seed: int = 0,
    precision: Precision = "auto",
    compile: bool = False,  # noqa: A002 - the field's word
    channels_last: bool | None = None,
    accumulate: int = 1,
    workers: int = 0,
    trackers: tuple[str, ...] = (),
) -> None:
    """Train a painter of maps in two stages; the same command again goes on where it stopped.

    The global generator learns at half of the size. The enhancer around it learns at all of it, for a span
    alone (with what finds the looks held still too, or gradients would pass through all that is frozen), then
    both together. Adam begins anew with each of these three phases, as in the official code; that of the
    discriminator goes on into the third, and there is no average of the weights.

    Args:
        data: a folder that holds train_img, train_label and, if there are any, train_inst, as the official
            code reads Cityscapes (and test_img and so on, or a tenth is held out); the emoji of this
            repository if not given.
        out: the run's folder.
        classes: how many there are; 35 for --data.
        features: channels in which an encoder tells what each instance looks like, 3 in the paper; 0 leaves
            that to the generator, which is the default for --data. For the emoji 3, since an area's colour
            can't be guessed from its class.
        perceptual: where VGG19's weights for the perceptual loss come from, if it is to be part of the game:
            torchvision's download, or a file.
        perceptual_weight: of this loss.
        feature_matching_weight: lambda, of the loss that compares what the discriminators see.
        steps: how long to train the global generator and the enhancer; the learning rate falls over the
            second half of each. If not given, 1,500 and 800 for the emoji, 200 and 100 passes for --data.
        fix_global: steps of the enhancer's in which the global generator is frozen; a tenth if not given.
        batch_size: photos a step, on each process; 8 for the emoji, 1 for --data.
        size: height and width of the pictures, in pixels; 64 64 for the emoji, 1024 2048 for --data.
        width: channels of the enhancer's first layer, half as many as the global generator's and the
            discriminators'; 16 for the emoji, 32 for --data.
        downsamplings: how often the global generator halves its size; once for the emoji, which are small, 4
            times for --data.
        blocks: residual blocks of the global generator; 6 for the emoji, 9 for --data.
        scales: sizes at which the discriminators of the two stages judge.
        lr: learning rate of all players.
        validation: share of the photos that is held out if there is no test_img, chosen by their content.
        validate_every: steps between two looks at them, each with a preview and a checkpoint; a twelfth of
            all steps if not given.
        seed: of everything random.
        precision: what the networks compute in; auto is what accelerate was told, else the device's best.
        compile: compile the networks first.
        channels_last: memory layout; what measured faster if not given.
        accumulate: batches to a step.
        workers: processes that read ahead.
        trackers: accelerate's trackers to log to as well, such as tensorboard.
    """
    settings = dict(locals())
    classes = classes or (35 if data else CLASSES)
    features = (0 if data else 3) if features is None else features
    batch_size = batch_size or (1 if data else 8)
    size = size or ((1024, 2048) if data else (64, 64))
    width = width or (32 if data else 16)
    downsamplings = downsamplings or (4 if data else 1)  # nothing leads around the smallest size
    blocks = blocks or (9 if data else 6)
    settings |= {"classes": classes, "features": features, "batch_size": batch_size, "size": size}
    settings |= {"width": width, "downsamplings": downsamplings, "blocks": blocks}
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
    check_size(size, 2 ** (downsamplings + 1))
    half = (size[0] // 2, size[1] // 2)
    root = data.expanduser() if data else write_emoji_maps(emoji(), out / "maps")
    train, held_out = find_photos(root, validation, needs_instances=features > 0)
    a_step = batch_size * run.processes * accumulate  # photos
    steps = steps or ((200 * len(train) // a_step, 100 * len(train) // a_step) if data else (1_500, 800))
    fix_global = steps[1] // 10 if fix_global is None else fix_global
    check_spans(steps, fix_global)

    inputs = classes + 1 + features  # the 1 is the boundaries
    coarse = GlobalGenerator(inputs, width=2 * width, downsamplings=downsamplings, blocks=blocks)
    fine = LocalEnhancer(inputs, width=width, downsamplings=downsamplings, blocks=blocks)
    d_coarse, d_fine = (MultiscaleDiscriminator(classes + 4, scales=n, width=2 * width) for n in scales)
    encoder = encoder_of(features, width, downsamplings)
    encoders = {"encoder": encoder} if encoder else {}
    nets = {"global": coarse, "enhancer": fine, "d_global": d_coarse, "d_enhancer": d_fine, **encoders}
    for net in nets.values():
        init_normal_(net)
    run.keep(**nets)
    perceptual_loss = perceptual_loss_of(perceptual, run.device)
    stages: list[Stage] = []
    for name, generator, d, area, length in (
        ("global", coarse, d_coarse, half, steps[0]),
        ("enhancer", fine, d_fine, size, steps[1]),
    ):
        opt_g, opt_d = adam(lr, generator, *encoders.values()), adam(lr, d)
        run.keep(**{f"opt_g_{name}": opt_g, f"opt_d_{name}": opt_d})
        game = Pix2PixHD(
            d,
            feature_matching_weight=feature_matching_weight,
            perceptual_loss=perceptual_loss,
            perceptual_weight=perceptual_weight,
        )
        batches = run.loader(read(train, area, classes, flip=True), batch_size, workers=workers)
        test = run.loader(read(held_out, area, classes), batch_size, passes=1)
        begins = stages[-1].ends if stages else 0
        painter = Painter(generator, encoder, classes)
        stages.append(Stage(name, painter, d, opt_g, opt_d, game, batches, test, begins, begins + length))
    run.resume()

    first, second = stages
    still = (fine.coarse, *encoders.values())
    for phase in (
        Phase("global", first, 0, steps[0], (), fresh=()),
        Phase("enhancer, global frozen", second, first.ends, fix_global, still, (first.opt_g, first.opt_d)),
        Phase("joint", second, first.ends + fix_global, steps[1] - fix_global, (), fresh=(second.opt_g,)),
    ):
        stage = phase.stage
        if run.step == stage.begins > 0:
            hand_over(coarse, fine, d_coarse, d_fine)
        if run.step == phase.begins:
            forget(*phase.fresh)
        for labels, instances, photo in run.steps(stage.batches, until=phase.steps, phase=phase.name):
            factor = linear_decay(run.step, start=(stage.begins + stage.ends) // 2, end=stage.ends)
            run.set_lr(lr * factor, stage.opt_g, stage.opt_d)
            maps = stage.painter.maps(labels, instances)  # (N, classes + 1, H, W)
            real = stage.game.judge(maps, photo)  # once, for both turns
            with frozen(*phase.still):
                fake = stage.painter.paint(maps, stage.painter.looks(instances, photo))  # likewise
                with frozen(stage.d):  # the painters' turn
                    loss, terms = stage.game.generator_loss(maps, photo, fake, real)
                    run.update(stage.opt_g, loss)
            run.log(terms)
            loss, terms = stage.game.discriminator_loss(maps, fake, real)  # the critics' turn
            run.update(stage.opt_d, loss)
            run.log(terms)
            if run.every(validate_every or max(1, sum(steps) // 12)):
                scores, pictures = validate(stage.painter, stage.test, run.device)
                run.log(scores)
                run.grid(stage.name, *pictures)
                run.save(score=scores["psnr"] if stage.ends == sum(steps) else None)

    if run.is_main:
        trained = [stage for stage in stages if stage.begins < stage.ends]
        write_networks(out, trained)
        area = size if steps[1] else half
        test = read(held_out, area, classes)
        write_pictures(out, trained[-1].painter, read(train, area, classes), test, run.device, seed)
        for stage in trained:  # last: frames of two sizes, from two ways to call this, make no moving picture
            frames = sorted((out / "previews" / stage.name).glob("*.png"))
            write_animation(out / f"{stage.name}.webp", frames)
        print(f"held-out maps, painted: {out / 'held_out.png'} and {out / 'pictures'}")


def check_size(size: tuple[int, int], multiple: int) -> None:
    """Refuse what the enhancer could not take after hours of the global generator's training."""
    if any(side % multiple or side < 2 * multiple for side in size):
        raise SystemExit(
            f"error: --size expects multiples of {multiple}, at least {2 * multiple}; "
            f"got {size[0]} {size[1]}; or use fewer --downsamplings"
        )


def check_spans(steps: tuple[int, int], fix_global: int) -> None:
    """Refuse not to learn at all, and to freeze for longer than the enhancer learns."""
    if not any(steps):
        raise SystemExit("error: --steps expects at least one; got 0 0, as 200 passes are with few photos")
    if not 0 <= fix_global <= steps[1]:
        raise SystemExit(f"error: --fix-global expects 0 to {steps[1]}, the enhancer's; got {fix_global}")


def find_photos(
    root: Path, validation: float, *, needs_instances: bool
) -> tuple[list[LabeledFiles], list[LabeledFiles]]:
    """The photos of a folder with their maps, to learn from and to test with."""

    def find(split: str) -> list[LabeledFiles]:
        photos, labels, instances = (root / f"{split}_{kind}" for kind in ("img", "label", "inst"))
        if needs_instances and not instances.is_dir():
            raise SystemExit(
                f"error: --features expects instance maps; there is no {instances}; leave it out"
            )
        return find_labeled(photos, labels=labels, instances=instances if instances.is_dir() else None)

    if (root / "test_img").is_dir():
        return find("train"), find("test")
    train, held_out = split_by_content(find("train"), validation)
    return train, held_out


def read(
    files: list[LabeledFiles], size: tuple[int, int], classes: int, *, flip: bool = False
) -> LabeledPhotos:
    """Whole photos with their maps, resized to (height, width)."""
    return LabeledPhotos(files, classes=classes, size=size, load_size=size, flip=flip)


def encoder_of(features: int, width: int, downsamplings: int) -> InstanceEncoder | None:
    """The encoder whose first layer has half as many channels as the enhancer's, if there is to be one."""
    if not features:
        return None
    return InstanceEncoder(3, features, width=max(1, width // 2), downsamplings=downsamplings)


def perceptual_loss_of(
    weights: Literal["none", "torchvision"] | Path, device: torch.device
) -> PerceptualLoss | None:
    """VGG19's view of two pictures, with the weights that are asked for."""
    return None if weights == "none" else pix2pixhd_perceptual_loss(weights=weights).to(device)


def adam(lr: float, *nets: nn.Module) -> Adam:
    """One optimiser for all parameters of these networks."""
    return Adam(chain(*(net.parameters() for net in nets)), lr=lr, betas=(0.5, 0.999), fused=True)


def hand_over(
    coarse: GlobalGenerator,
    fine: LocalEnhancer,
    d_coarse: MultiscaleDiscriminator,
    d_fine: MultiscaleDiscriminator,
) -> None:
    """Begin the second training with what the first has learnt; each size has the discriminator it had."""
    fine.coarse.load_state_dict(coarse.trunk.state_dict())
    for learnt, scale in zip(d_coarse.scales, d_fine.scales[1:], strict=False):
        scale.load_state_dict(learnt.state_dict())


def forget(*optimizers: Adam) -> None:
    """Let optimisers begin anew; what they held is twice as large as their networks."""
    for optimizer in optimizers:
        optimizer.state.clear()
        optimizer.zero_grad()


@torch.no_grad()
def validate(
    painter: Painter, photos: Iterable[LabeledPhoto], device: torch.device
) -> tuple[dict[str, float], list[Tensor]]:
    """Scores over all photos, PSNR in dB; of the first batch the maps, what was painted, and the truth.

    With an encoder the looks are the true photo's, so that the scores tell how well they are followed.
    """
    psnr, ssim = PSNR().to(device), SSIM().to(device)
    pictures: list[Tensor] = []
    for labels, instances, photo in photos:
        painted = painter.paint(painter.maps(labels, instances), painter.looks(instances, photo))
        psnr.update(painted, photo)
        ssim.update(painted, photo)
        pictures = pictures or [drawing(labels, instances, painter.classes), painted, photo]
    return {"psnr": psnr.compute().item(), "ssim": ssim.compute().item()}, pictures


def drawing(labels: Tensor, instances: Tensor, classes: int) -> Tensor:
    """Two (N, H, W) to (N, 3, H, W): a colour for each class, white for the first, and dark boundaries."""
    colors = [hsv_to_rgb(0.618 * label % 1, 0.6 * (label > 0), 1.0) for label in range(classes)]
    palette = torch.tensor([*colors, (0.0, 0.0, 0.0)], device=labels.device) * 2 - 1  # black: ignored
    picture = palette[labels.clamp(max=classes)].movedim(-1, 1)
    return torch.where(boundary_map(instances) > 0, picture / 2 - 0.5, picture)


def write_networks(out: Path, stages: Sequence[Stage]) -> None:
    """Write the networks that paint."""
    for stage in stages:
        stage.painter.generator.save_pretrained(out / stage.name)
        if stage.painter.encoder:
            stage.painter.encoder.save_pretrained(out / "encoder")


@torch.no_grad()
def write_pictures(
    out: Path, painter: Painter, train: LabeledPhotos, test: LabeledPhotos, device: torch.device, seed: int
) -> None:
    """Write what is painted on the held-out maps; with an encoder as the truth looks, then by chance."""
    chance = torch.Generator().manual_seed(seed)
    looks = find_looks(painter.encoder, train, device, chance) if painter.encoder else {}
    if looks:
        save_file({str(label): centres for label, centres in looks.items()}, out / "looks.safetensors")
    columns: defaultdict[str, list[Tensor]] = defaultdict(list)
    shown = range(0, len(test), -(-len(test) // 8))
    for index, file in enumerate(test.files):
        labels, instances, photo = (each[None].to(device) for each in test[index])
        maps = painter.maps(labels, instances)
        true_looks = painter.looks(instances, photo)
        states = {
            "map": drawing(labels, instances, painter.classes),
            "painted": painter.paint(maps, true_looks),
        }
        for number in range(DRAWS if looks else 0):
            drawn = draw_looks(labels.cpu(), instances.cpu(), looks, chance).to(device)
            states[f"chance{number + 1}"] = painter.paint(maps, drawn)
        for state, picture in (states | {"true": photo}).items():
            folder = out / "pictures" / state
            folder.mkdir(parents=True, exist_ok=True)
            write_image(folder / f"{index:04d}-{file.photo.stem}.png", picture[0])
            columns[state] += [picture.cpu()] * (index in shown)
    write_grid(out / "held_out.png", *(torch.cat(pictures) for pictures in columns.values()))


if __name__ == "__main__":
    with plain_errors():
        tyro.cli(main)
