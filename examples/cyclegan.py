"""CycleGAN: translation between two kinds of images, learned without pairs.

Zhu et al. 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks".

    accelerate launch examples/cyclegan.py                             # label maps to drawn faces, minutes
    accelerate launch examples/cyclegan.py paper --data ~/horse2zebra  # the paper's numbers
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

from gan_data import UnpairedFolders
from gan_losses import l1_loss, least_squares_discriminator_loss, least_squares_generator_loss
from gan_nets import (
    PatchDiscriminator,
    ResnetGenerator,
    cyclegan_resnet_modern,
    cyclegan_resnet_paper,
    init_normal_,
)
from gan_trainers import (
    EMA,
    Count,
    CountOrZero,
    ImagePool,
    Loader,
    OptionError,
    Positive,
    Run,
    RunOptions,
    Weight,
    batched,
    check_ranges,
    frozen,
    linear_decay,
    run_recipe,
    total,
)
from support.common import adam
from support.cyclegan import cycles
from support.start import start_networks
from support.steps import steps_of_epochs
from support.translation import (
    Direction,
    both_directions,
    check_halved_twice,
    check_layers,
    check_source,
    evaluate_and_save,
    find_files,
    usage_of,
    write_results,
)
from torch import Tensor, nn
from torch.optim import Adam

Terms = dict[str, Tensor]


@dataclass(frozen=True)
class Options:
    """The defaults are the paper's (section 4 and appendix 7); the presets change some of them."""

    data: tuple[Path, ...] = ()  # a folder with trainA and trainB (and testA, testB), or one for each domain
    portraits: bool = False  # train on the label maps (A) and drawn faces (B) of this repository instead
    emoji: bool = False  # or on its emoji
    counterparts: bool = False  # test images of equal names are true pairs: score against them
    size: Count = 256  # side of the square crops, in pixels
    load_size: Count | Literal["jitter"] | None = "jitter"  # shorter side, cropped; jitter: size * 286/256
    generator: Literal["paper", "modern"] = "paper"  # modern: without checkerboard artifacts
    width: Count = 64  # channels of the first layers
    blocks: Count | None = None  # residual blocks; if not given, 6 below 256 pixels, else 9
    layers: Count = 3  # of the discriminators; 2, 3, 4 have receptive fields of 34, 70, 142 pixels
    adversarial_weight: Weight = 1.0  # 0: "cycle alone" in the ablation (section 5.1.4)
    cycle_weights: tuple[Weight, Weight] = (10.0, 10.0)  # lambda of A->B->A and B->A->B; 0 in the ablation
    identity_weight: Weight = 0.0  # preserves colors (section 5.2); lambda / 2 in two presets
    order: Literal["joint", "alternating"] = "joint"  # both G, then both D (PyTorch code); alternating:
    # g_ab, d_b, g_ba, d_a (Lua code)
    pool_size: CountOrZero = 50  # earlier fakes that each discriminator still sees
    ema: bool = True  # evaluate and save the averages of the generators' weights; not in the paper
    start: tuple[str, ...] = ()  # folder, run, file or Hub id to fine-tune; or by name: g_ab=... and so on
    lr: Positive = 2e-4  # learning rate of all networks
    batch_size: Count = 1  # images of each domain per step and process
    epochs: Count = 200  # passes over the larger domain; the learning rate decays over the second half
    steps: Count | None = None  # instead of epochs
    run: RunOptions = RunOptions(out=Path("runs/cyclegan"))

    def __post_init__(self) -> None:
        check_ranges(self)
        check_source(self.data, emoji=self.emoji, portraits=self.portraits, preset="cyclegan.py paper")
        check_halved_twice(self.size)
        check_layers(self.layers, self.size)
        if not any((self.adversarial_weight, *self.cycle_weights)):
            raise OptionError("--adversarial-weight or --cycle-weights must be above 0; got 0 for all")
        if self.order == "alternating" and self.run.accumulate > 1:
            raise OptionError(
                "--accumulate expects --order joint; the alternating order updates twice a step"
            )


SMALL = Options(
    counterparts=True, size=64, load_size=64, width=32, blocks=3, identity_weight=5.0, steps=4_000
)
PRESETS = {
    # Without the identity loss, since the colors of labels are not to be kept.
    "portraits": replace(SMALL, portraits=True, identity_weight=0.0, generator="modern"),
    "emoji": replace(SMALL, emoji=True),
    "paper": Options(),  # style transfer, object transfiguration, season transfer
    "painting-to-photo": Options(identity_weight=5.0, load_size=None),
    "photo-enhancement": Options(identity_weight=5.0),
}


class Training(NamedTuple):
    """Networks, optimizers, averages and image pools."""

    g_ab: ResnetGenerator
    g_ba: ResnetGenerator
    d_a: PatchDiscriminator
    d_b: PatchDiscriminator
    opt_g: Adam
    opt_d: Adam
    ema_ab: EMA[ResnetGenerator]
    ema_ba: EMA[ResnetGenerator]
    pool_a: ImagePool
    pool_b: ImagePool


def build(options: Options) -> Training:
    """Appendix 7.2: generators with residual blocks, 70x70 PatchGANs."""
    resnet = {"paper": cyclegan_resnet_paper, "modern": cyclegan_resnet_modern}[options.generator]
    g_ab, g_ba = (resnet(options.size, width=options.width, blocks=options.blocks) for _ in range(2))
    d_a, d_b = (
        PatchDiscriminator(3, layers=options.layers, width=options.width, norm="instance") for _ in range(2)
    )
    for network in (g_ab, g_ba, d_a, d_b):
        init_normal_(network)  # N(0, 0.02)
    g_ab.usage = g_ba.usage = usage_of(options.size, options.load_size)
    opt_g, opt_d = adam(options.lr, g_ab, g_ba), adam(options.lr, d_a, d_b)  # betas 0.5 and 0.999
    half_life = 1_000 if options.ema else 0  # steps; 0: the averages are the weights themselves
    ema_ab, ema_ba = (EMA(g, half_life, ramp_up=0.05) for g in (g_ab, g_ba))
    pool_a, pool_b = (ImagePool(options.pool_size, seed=2 * options.run.seed + n) for n in range(2))
    return Training(g_ab, g_ba, d_a, d_b, opt_g, opt_d, ema_ab, ema_ba, pool_a, pool_b)


def generator_terms(a: Tensor, b: Tensor, t: Training, options: Options) -> tuple[Terms, Terms]:
    """Equation 3, and the identity loss of section 5.2, term by term; and the fakes of each domain.

    L_GAN(g_ab, d_b) + L_GAN(g_ba, d_a) + lambda (|g_ba(g_ab(a)) - a| + |g_ab(g_ba(b)) - b|)
    """
    g_ab, g_ba, (forward, backward) = batched(t.g_ab), batched(t.g_ba), options.cycle_weights
    adversarial, identity = options.adversarial_weight, options.identity_weight
    # One forward for all inputs that are there, one output for each; that of None is None.
    fake_b, identity_b = g_ab(a, b if identity else None)
    fake_a, identity_a, reconstructed_a = g_ba(b, a if identity else None, fake_b if forward else None)
    (reconstructed_b,) = g_ab(fake_a if backward else None)
    terms: Terms = {}
    if adversarial:
        terms["adversarial_ab"] = adversarial * least_squares_generator_loss(t.d_b(fake_b))
        terms["adversarial_ba"] = adversarial * least_squares_generator_loss(t.d_a(fake_a))
    if forward:
        terms["cycle_a"] = forward * l1_loss(reconstructed_a, a)
    if backward:
        terms["cycle_b"] = backward * l1_loss(reconstructed_b, b)
    if identity:
        terms["identity_a"] = identity * l1_loss(identity_a, a)
        terms["identity_b"] = identity * l1_loss(identity_b, b)
    return terms, {"a": fake_a.detach(), "b": fake_b.detach()}


def discriminator_loss(d: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
    """Section 4, least squares; halved to slow the discriminators down (appendix 7.1)."""
    return 0.5 * least_squares_discriminator_loss(*batched(d)(real, fake))


def train(
    run: Run, batches: Loader, steps: int, directions: tuple[Direction, ...], t: Training, options: Options
) -> None:
    """The loop: generators, then discriminators on new and earlier fakes; once or twice a step (--order)."""
    for a, b in run.steps(batches, until=steps):  # (N, 3, H, W) in [-1, 1], unpaired
        run.set_lr(options.lr * linear_decay(run.step, start=steps // 2, end=steps), t.opt_g, t.opt_d)
        sides = {"a": (t.d_a, a, t.pool_a), "b": (t.d_b, b, t.pool_b)}
        for fixed, domains in updates(t, options):
            with frozen(*fixed):
                terms, fakes = generator_terms(a, b, t, options)
                run.update(t.opt_g, total(terms))
            run.log(terms)
            if options.adversarial_weight:
                terms = {}
                for domain in domains:
                    d, real, pool = sides[domain]
                    terms[f"discriminator_{domain}"] = discriminator_loss(d, real, pool.swap(fakes[domain]))
                run.update(t.opt_d, total(terms))
                run.log(terms)
        if run.every(1):  # after a whole step, not after each of --accumulate's batches
            t.ema_ab.update()
            t.ema_ba.update()
        if run.every(options.run.evaluation_interval(steps)):
            evaluate_and_save(run, directions)


def updates(t: Training, options: Options) -> list[tuple[tuple[nn.Module, ...], tuple[str, ...]]]:
    """For each update: the networks frozen while generators learn, then the domains whose d learns."""
    if options.order == "joint":
        return [((t.d_a, t.d_b), ("a", "b"))]
    return [((t.g_ba, t.d_a, t.d_b), ("b",)), ((t.g_ab, t.d_a, t.d_b), ("a",))]


def main(options: Options) -> None:
    """Train two generators that invert each other; the same command again resumes."""
    files, test_files = find_files(options.data, emoji=options.emoji, portraits=options.portraits)
    dataset = UnpairedFolders(*files, size=options.size, load_size=options.load_size)
    run = options.run.start(options)
    steps = steps_of_epochs(options, run, len(dataset))
    training = build(options)
    start_networks(options.start, training._asdict(), options, run)
    run.register(**training._asdict())
    batches = run.loader(dataset, options.batch_size, workers=options.run.workers)
    ema_ab, ema_ba = training.ema_ab, training.ema_ba
    directions = both_directions(
        run, *cycles(ema_ab, ema_ba), test_files, size=options.size, counterparts=options.counterparts
    )
    run.resume()
    train(run, batches, steps, directions, training, options)
    write_results(run, directions, a_to_b=ema_ab.average, b_to_a=ema_ba.average)


if __name__ == "__main__":
    run_recipe(main, PRESETS)
