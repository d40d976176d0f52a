"""Real-ESRGAN's recipe: its pairs and terms by hand, both phases, resuming with the pool, and mistakes."""

import math
from functools import partial

import gan_nets
import pytest
import torch
from gan_data import REAL_ESRGAN, PairPool, sharpen
from gan_losses import PerceptualLoss
from gan_nets import MSRResNet, RRDBNet, SRVGGNetCompact, UNetDiscriminator
from gan_projected import Backbone
from gan_trainers import read_scalars, run_recipe
from PIL import Image
from safetensors.torch import load_file

TINY = 1e-30  # a learning rate that moves no weight
SMALL = {"blocks": 1, "width": 4, "batch_size": 2, "size": 32, "validation": 0.3, "scale": 2}
# The pool is full after two steps: from the third on, pairs of earlier steps come back.
TWO_PHASES = {"pixel_steps": 3, "steps": 2, "pool": 4, "evaluate_every": 1, **SMALL}


@pytest.fixture(scope="module")
def recipe(example):
    return example("real_esrgan")


@pytest.fixture(scope="module")
def support(example):
    return example("support.srgan")


@pytest.fixture(scope="module")
def whole(recipe, train, photos, tmp_path_factory):
    """An uninterrupted run of both phases."""
    out = tmp_path_factory.mktemp("whole")
    train(recipe, "photos", out, data=photos, **TWO_PHASES)
    return out


def state(out, step, file="shared"):
    """What all processes share in a checkpoint, or what is a process's own."""
    return load_file(out / "checkpoints" / f"{step:08d}" / f"{file}.safetensors")


def pool_of(own):
    """The images of a process's pool, by their kind and number."""
    return {name.partition(".pool.")[2]: x for name, x in own.items() if ".pool." in name and x.ndim == 3}


def test_a_run_logs_the_terms_and_writes_both_networks(whole):
    rows = read_scalars(whole / "scalars.jsonl")
    scores = ["lite0_distance", "psnr_y", "ssim_y"]
    scores += [f"bicubic_{name}" for name in scores]
    assert [name for name in rows[-1] if name in scores] == scores  # the feature distance first
    assert {"pixel", "content", "adversarial", "discriminator"} <= rows[-1].keys()
    assert not {"content", "adversarial", "discriminator"} & rows[0].keys()
    assert len({row["bicubic_lite0_distance"] for row in rows}) == 1  # the same inputs at each evaluation
    for folder in ("pixels", "enlarger"):
        net = gan_nets.load(whole / folder)
        assert (net.scale, net.degradation) == (2, "the high-order degradation of Real-ESRGAN")
        card = (whole / folder / "README.md").read_text()
        assert "downsampled by the high-order degradation of Real-ESRGAN." in " ".join(card.split())
    assert len(list((whole / "previews" / "validation").glob("*.png"))) == 5


@pytest.mark.parametrize("lost", [4, 5])  # the first step of phase 2, and one within it
def test_resuming_equals_an_uninterrupted_run_and_its_pool(
    recipe, train, run_until, photos, whole, tmp_path, lost
):
    run_until(recipe, lost, "photos", tmp_path, data=photos, **TWO_PHASES)
    train(recipe, "photos", tmp_path, data=photos, **TWO_PHASES)
    for file in ("shared", "process-0"):
        expected, got = state(whole, 5, file), state(tmp_path, 5, file)
        assert got.keys() == expected.keys()
        assert all(torch.equal(got[name], tensor) for name, tensor in expected.items())
    pairs = pool_of(state(tmp_path, 5, "process-0"))
    assert sorted(tuple(each.shape) for each in pairs.values()) == [(3, 16, 16)] * 4 + [(3, 32, 32)] * 4


def test_each_process_has_its_own_degradations_and_pool(recipe, two_processes, words, photos, tmp_path):
    changes = SMALL | {"pixel_steps": 1, "steps": 1, "evaluate_every": 1, "data": photos, "out": tmp_path}
    printed = two_processes(recipe.__file__, "photos", *words(**changes))
    assert "2 processes on cpu" in printed[0]
    first, second = (pool_of(state(tmp_path, 2, f"process-{rank}")) for rank in range(2))
    assert first.keys() == second.keys()
    assert len(first) == 2 * 2 * 2
    assert not any(torch.equal(first[name], second[name]) for name in first)
    assert (tmp_path / "enlarger" / "config.json").exists()


def test_the_second_phase_starts_from_the_average_of_the_first(recipe, train, photos, tmp_path):
    changes = {**TWO_PHASES, "data": photos, "pixel_lr": 0.01, "lr": TINY, "steps": 1}
    train(recipe, "photos", tmp_path, **changes)
    average = gan_nets.load(tmp_path / "pixels").state_dict()
    before, after = state(tmp_path, 3), state(tmp_path, 4)
    weights = {name: f"shared.registered.g.{name}" for name in average}
    assert not all(torch.equal(before[key], average[name]) for name, key in weights.items())
    for name, key in weights.items():
        torch.testing.assert_close(after[key], average[name], rtol=0, atol=1e-25)


@pytest.mark.parametrize("pixel_steps", [0, 1])
def test_either_phase_starts_from_a_network_of_esrgan(example, recipe, train, photos, tmp_path, pixel_steps):
    shared = {"data": photos, "generator": "rrdbnet", **SMALL, "scale": 4}
    train(example("esrgan"), "photos", tmp_path / "esrgan", pixel_steps=1, steps=0, **shared)
    start, out = tmp_path / "esrgan" / "enlarger", tmp_path / "out"
    changes = {"start": (str(start),), "pixel_steps": pixel_steps, "steps": 1, "pixel_lr": TINY, "lr": TINY}
    train(recipe, "photos", out, **changes, **shared)
    trained = gan_nets.load(out / "enlarger").state_dict()
    for name, weight in gan_nets.load(start).state_dict().items():
        torch.testing.assert_close(trained[name], weight, rtol=0, atol=1e-25)


@pytest.mark.parametrize("starts", [False, True])
def test_blending_is_between_the_weights_of_both_phases(recipe, train, photos, whole, tmp_path, starts):
    changes = {"start": (f"{whole}/pixels",), "pixel_steps": 0} if starts else {"pixel_steps": 1}
    changes |= {"steps": 1, "lr": 0.01, "data": photos, **SMALL}
    for blend in (0.25, 1.0):
        train(recipe, "photos", tmp_path / str(blend), blend=blend, **changes)
    blended, last = (gan_nets.load(tmp_path / f / "enlarger").state_dict() for f in ("0.25", "1.0"))
    first = gan_nets.load(whole / "pixels" if starts else tmp_path / "1.0" / "pixels").state_dict()
    for name, weight in blended.items():
        torch.testing.assert_close(weight, first[name] * 0.75 + last[name] * 0.25, rtol=1e-5, atol=1e-7)
    assert any((first[name] != last[name]).any() for name in last)


def test_the_compact_network_starts_from_another(recipe, train, photos, tmp_path):
    shared = {"data": photos, "generator": "compact", "pixel_lr": TINY, "pixel_steps": 1, "steps": 0, **SMALL}
    train(recipe, "photos", tmp_path / "first", seed=3, **shared)
    train(recipe, "photos", tmp_path / "second", start=(f"{tmp_path}/first/enlarger",), **shared)
    first, second = (gan_nets.load(tmp_path / name / "enlarger") for name in ("first", "second"))
    assert isinstance(second, SRVGGNetCompact)
    assert (second.scale, len(second.blocks)) == (SMALL["scale"], SMALL["blocks"])
    for name, weight in first.state_dict().items():
        torch.testing.assert_close(second.state_dict()[name], weight, rtol=0, atol=1e-25)


@pytest.mark.parametrize(
    ("scale", "generator"), [(1, "rrdbnet"), (2, "rrdbnet"), (1, "compact"), (4, "compact")]
)
def test_images_of_any_size_are_degraded_and_restored_at_every_scale(
    recipe, train, photos, tmp_path, capsys, scale, generator
):
    (tmp_path / "test").mkdir()
    Image.effect_mandelbrot((43, 37), (-3, -2.5, 2, 2.5), 100).save(tmp_path / "test" / "odd.png")
    changes = SMALL | {"generator": generator, "scale": scale, "pixel_steps": 1, "steps": 1}
    train(recipe, "photos", tmp_path / "out", data=photos, test=tmp_path / "test", **changes)
    size = (43 // scale * scale, 37 // scale * scale)
    for method in ("bicubic", "enlarger"):
        with Image.open(tmp_path / "out" / "test" / method / "0000-odd.png") as image:
            assert image.size == size
    assert "bicubic {'lite0_distance'" in capsys.readouterr().out


def test_a_scale_is_read_from_the_command_line(recipe):
    chosen = []
    run_recipe(chosen.append, recipe.PRESETS, ["paper", "--scale", "2", "--features", "vgg19"])
    (options,) = chosen
    assert (options.scale, options.degradation.scale, options.features) == (2, 2, "vgg19")


@pytest.mark.parametrize(("preset", "generator"), [("photos", MSRResNet), ("paper", RRDBNet)])
def test_the_networks_of_the_presets(recipe, options, tmp_path, preset, generator):
    training = recipe.build(options(recipe, preset, tmp_path, blocks=1, width=8), Backbone(weights="random"))
    assert (type(training.g), type(training.d)) == (generator, UNetDiscriminator)
    assert [each.defaults["betas"] for each in (training.opt_g, training.opt_d)] == [(0.9, 0.99)] * 2


def test_the_defaults_are_the_papers(recipe):
    paper = recipe.PRESETS["paper"]
    assert (paper.pixel_weight, paper.content_weight, paper.adversarial_weight) == (1.0, 1.0, 0.1)
    assert (paper.pixel_lr, paper.lr, paper.pixel_steps, paper.steps) == (2e-4, 1e-4, 1_000_000, 400_000)
    assert (paper.size, paper.batch_size, paper.pool, paper.blocks, paper.width) == (256, 12, 180, 23, 64)
    assert paper.degradation == REAL_ESRGAN
    assert paper.sharpen
    weights = {"conv1_2": 0.1, "conv2_2": 0.1, "conv3_4": 1.0, "conv4_4": 1.0, "conv5_4": 1.0}
    assert weights == recipe.LAYERS


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"size": 36}, "--size must be a multiple of 8 and at least 15; got 36"),
        ({"size": 16, "scale": 4}, "--size must be a multiple of 8 and at least 19; got 16"),
        ({"scale": 3}, 'Invalid value "3" for --scale. Choose from: 4, 2, 1.'),
        (
            {"scale": 1, "generator": "msrresnet"},
            "--scale 1 expects --generator rrdbnet or compact; got msrresnet",
        ),
        ({"pool": 1}, "--pool must be at least --batch-size 2; got 1"),
        ({"blend": 1.5}, "--blend must be a number of at least 0 and at most 1; got 1.5"),
        ({"blend": 0.5, "steps": 0}, "--blend 0.5 expects some --steps of phase 2; got 0"),
        (
            {"pixel_steps": 0},
            "phase 2 expects the weights of phase 1; give --start SOURCE or some --pixel-steps",
        ),
        ({"pixel_steps": 0, "steps": 0}, "--pixel-steps or --steps must be above 0; got 0 for both"),
        (
            {"pixel_weight": 0, "content_weight": 0, "adversarial_weight": 0},
            "one weight of phase 2 must be above 0; got 0 for all",
        ),
        (
            {"portraits": True, "data": "photos"},
            "--portraits and --data exclude each other; use one of them",
        ),
        ({"lr": 0}, "--lr must be a number above 0; got 0.0"),
    ],
)
def test_wrong_use_ends_in_one_sentence(recipe, mistake, tmp_path, changes, sentence):
    code, error = mistake(recipe, "paper", out=tmp_path / "out", **SMALL | changes)
    assert (code, error) == (2, f"error: {sentence}")
    assert not (tmp_path / "out").exists()


# ------------------------------------------------------------- pairs and equations


def photo_like(seed):
    """Two images (2, 3, 32, 32) with edges, which sharpening changes."""
    generator = torch.Generator().manual_seed(seed)
    return (
        (torch.rand(2, 3, 4, 4, generator=generator) * 2 - 1).repeat_interleave(8, 2).repeat_interleave(8, 3)
    )


@pytest.fixture
def parts(recipe):
    """A `Training` whose logits are the means of images and whose features their doubles; a pool of 4."""
    content = PerceptualLoss(lambda x: [2 * x], layer_weights=[1.0], distance="l1")
    d = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.AvgPool1d(3 * 4 * 4))
    make = partial(recipe.Training, g=None, opt_g=None, opt_d=None, ema=None)
    return make(d=d, content=content, pool=PairPool(4))


@pytest.mark.parametrize("sharpened", [True, False])
def test_pairs_are_degraded_from_what_the_generator_should_match(recipe, parts, sharpened):
    options, real = recipe.Options(scale=2, sharpen=sharpened), photo_like(0)
    torch.manual_seed(7)
    seeds = torch.randint(2**62, (2,)).tolist()
    torch.manual_seed(7)
    small, same, target = recipe.make_pairs(real, parts, options)
    assert torch.equal(same, real)
    assert torch.equal(target, sharpen(real) if sharpened else real)
    assert torch.equal(target, real) is not sharpened
    assert torch.equal(small, options.degradation(target, seeds))
    assert not torch.equal(recipe.make_pairs(real, parts, options).small, small)  # other seeds


def test_a_full_pool_returns_pairs_of_earlier_batches(recipe, parts):
    options = recipe.Options(scale=2)
    made = [recipe.make_pairs(photo_like(seed), parts, options) for seed in range(2)]
    both = [pair for pairs in made for pair in zip(pairs.real, pairs.small, strict=True)]
    earlier = {tuple(real.flatten().tolist()): small for real, small in both}
    pairs = recipe.make_pairs(photo_like(2), parts, options)
    for small, real, target in zip(*pairs, strict=True):
        assert torch.equal(earlier[tuple(real.flatten().tolist())], small)
        torch.testing.assert_close(target, sharpen(real))


@pytest.fixture
def pairs(recipe):
    """Pairs of constant images: the real ones are 0.5 and 0.7, their targets 0.6 and 0.9; and the fakes."""

    def constant(*values):
        return torch.tensor(values).reshape(2, 1, 1, 1).expand(2, 3, 4, 4)

    fake = constant(-0.5, 0.1).clone().requires_grad_()
    return recipe.Pairs(constant(0.0, 0.0), constant(0.5, 0.7), constant(0.6, 0.9)), fake


def test_pixels_and_content_are_compared_with_the_sharpened_images(recipe, parts, pairs):
    weights = recipe.Options(pixel_weight=0.5, content_weight=2.0, adversarial_weight=0.1)
    terms = recipe.generator_terms(pairs[1], pairs[0], parts, weights)
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(
        {
            "pixel": 0.5 * 0.95 / 2,  # fakes and targets differ by 1.1 and 0.8
            "content": 2 * 2 * 0.95,
            "adversarial": 0.1 * (math.log1p(math.exp(0.5)) + math.log1p(math.exp(-0.1))) / 2,
        }
    )


def test_the_discriminator_sees_true_images_that_are_not_sharpened(recipe, parts, pairs):
    loss = recipe.discriminator_loss(pairs[1], pairs[0], parts)
    softplus = [math.log1p(math.exp(x)) for x in (-0.5, -0.7, -0.5, 0.1)]
    assert loss.item() == pytest.approx(sum(softplus) / 2)


@pytest.mark.parametrize("name", ["pixel", "content", "adversarial"])
def test_a_term_of_weight_0_is_neither_computed_nor_named(recipe, parts, pairs, name):
    weights = {"pixel_weight": 1.0, "content_weight": 1.0, "adversarial_weight": 1.0, f"{name}_weight": 0.0}

    def never(*_):
        raise AssertionError("computed in vain")

    with pytest.MonkeyPatch.context() as patch:
        if name == "pixel":
            patch.setattr(recipe, "pixel_loss", never)
        else:
            parts = parts._replace(**{{"content": "content", "adversarial": "d"}[name]: never})
        terms = recipe.generator_terms(pairs[1], pairs[0], parts, recipe.Options(**weights))
    assert terms.keys() == {"pixel", "content", "adversarial"} - {name}


def test_a_held_out_image_is_always_degraded_in_the_same_way(support):
    one, other = photo_like(0)
    torch.manual_seed(0)
    first = support.degrade_alike(one, REAL_ESRGAN)
    torch.manual_seed(1)
    assert torch.equal(support.degrade_alike(one, REAL_ESRGAN), first)
    assert first.shape == (3, 8, 8)
    seed = 0
    while not torch.equal(REAL_ESRGAN(one[None], [seed])[0], first) and seed < 50:
        seed += 1
    assert seed == 50  # the seed depends on the pixels
    assert not torch.equal(support.degrade_alike(other, REAL_ESRGAN), first)
