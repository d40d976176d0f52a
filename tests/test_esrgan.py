"""ESRGAN's recipe: its terms by hand, blending with phase 1, resuming, two processes, and mistakes."""

import math

import gan_nets
import pytest
import torch
from gan_losses import PerceptualLoss
from gan_nets import MSRResNet, RRDBNet, UNetDiscriminator, VGGStyleDiscriminator
from gan_projected import Backbone
from gan_trainers import read_scalars
from safetensors.torch import load_file
from torch.nn import functional as F

SMALL = {"blocks": 1, "width": 4, "batch_size": 2, "size": 32, "validation": 0.3, "scale": 2}
TWO_PHASES = {"pixel_steps": 2, "steps": 2, "evaluate_every": 1, **SMALL}


@pytest.fixture(scope="module")
def recipe(example):
    return example("esrgan")


@pytest.fixture(scope="module")
def whole(recipe, train, photos, tmp_path_factory):
    """An uninterrupted run of both phases with everything on."""
    out = tmp_path_factory.mktemp("whole")
    train(recipe, "photos", out, data=photos, penalty=0.5, **TWO_PHASES)
    return out


def state(out, step):
    """What all processes share in a checkpoint."""
    return load_file(out / "checkpoints" / f"{step:08d}" / "shared.safetensors")


def test_a_run_logs_the_terms_and_writes_both_networks(whole):
    rows = read_scalars(whole / "scalars.jsonl")
    assert {"content", "adversarial", "discriminator", "penalty", "psnr_y"} <= rows[-1].keys()
    for folder in ("pixels", "enlarger"):
        net = gan_nets.load(whole / folder)
        assert (net.scale, net.degradation) == (2, "matlab-bicubic")
    assert not torch.equal(
        gan_nets.load(whole / "pixels").output.weight, gan_nets.load(whole / "enlarger").output.weight
    )


@pytest.mark.parametrize("lost", [3, 4])  # the first step of phase 2, and one within it
def test_resuming_equals_an_uninterrupted_run(recipe, train, run_until, photos, whole, tmp_path, lost):
    run_until(recipe, lost, "photos", tmp_path, data=photos, penalty=0.5, **TWO_PHASES)
    train(recipe, "photos", tmp_path, data=photos, penalty=0.5, **TWO_PHASES)
    expected, got = state(whole, 4), state(tmp_path, 4)
    assert got.keys() == expected.keys()
    assert all(torch.equal(got[name], tensor) for name, tensor in expected.items())


def test_two_processes_equal_one(recipe, train, two_processes, words, photos, tmp_path):
    """The relativistic losses compare with the mean over both processes; batch norm is over both, too."""
    one, two = tmp_path / "one", tmp_path / "two"
    shared = {**SMALL, "data": photos, "adversarial": "relativistic", "discriminator": "vgg", "penalty": 0.1}
    shared |= {"pixel_steps": 1, "steps": 2, "evaluate_every": 3}
    printed = two_processes(recipe.__file__, "photos", *words(**shared | {"out": two, "batch_size": 1}))
    assert "2 processes on cpu" in printed[0]
    train(recipe, "photos", one, **shared)
    (whole, half) = (read_scalars(out / "scalars.jsonl")[-1] for out in (one, two))
    assert whole.keys() == half.keys()
    for scalar in whole.keys() - {"seconds"}:
        assert half[scalar] == pytest.approx(whole[scalar], rel=2e-3), scalar


def test_blending_is_between_the_weights_of_both_phases(recipe, train, photos, whole, tmp_path):
    changes = {"start": (f"{whole}/pixels",), "pixel_steps": 0, "steps": 1, "evaluate_every": 1, **SMALL}
    for blend in (0.0, 0.25, 1.0):
        train(recipe, "photos", tmp_path / str(blend), data=photos, blend=blend, **changes)
    first, blended, last = (
        gan_nets.load(tmp_path / f / "enlarger").state_dict() for f in ("0.0", "0.25", "1.0")
    )
    learned = gan_nets.load(whole / "pixels").state_dict()
    for name, weight in blended.items():
        torch.testing.assert_close(first[name], learned[name], rtol=0, atol=0)
        torch.testing.assert_close(weight, learned[name] * 0.75 + last[name] * 0.25, rtol=1e-5, atol=1e-7)
    assert any((first[name] != last[name]).any() for name in last)


@pytest.mark.parametrize(
    ("preset", "generator", "discriminator"),
    [
        ("photos", MSRResNet, UNetDiscriminator),
        ("paper", RRDBNet, VGGStyleDiscriminator),
    ],
)
def test_the_networks_of_the_presets(recipe, options, tmp_path, preset, generator, discriminator):
    chosen = options(recipe, preset, tmp_path, blocks=1, width=8)
    training = recipe.build(chosen, "area", Backbone(weights="random"))
    assert (type(training.g), type(training.d)) == (generator, discriminator)
    assert training.g.degradation == "area"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"size": 36, "discriminator": "unet"},
            "--size must be a multiple of 8 and at least 15; got 36",
        ),
        ({"size": 33, "discriminator": "srgan"}, "--size must be a multiple of 2 and at least 15; got 33"),
        ({"size": 48}, "--size must be a power of two with --discriminator vgg; got 48; srgan takes any"),
        ({"blend": 1.5}, "--blend must be a number of at least 0 and at most 1; got 1.5"),
        ({"blend": 0.5, "steps": 0}, "--blend 0.5 expects some --steps of phase 2; got 0"),
        (
            {"pixel_steps": 0},
            "phase 2 expects the weights of phase 1; give --start SOURCE or some --pixel-steps",
        ),
        ({"pixel_steps": 0, "steps": 0}, "--pixel-steps or --steps must be above 0; got 0 for both"),
        (
            {"portraits": True, "data": "photos"},
            "--data expects another preset, such as: esrgan.py paper --data FOLDER",
        ),
    ],
)
def test_wrong_use_ends_in_one_sentence(recipe, mistake, tmp_path, changes, sentence):
    code, error = mistake(recipe, "paper", out=tmp_path / "out", **SMALL | changes)
    assert (code, error) == (2, f"error: {sentence}")
    assert not (tmp_path / "out").exists()


# ------------------------------------------------------------------- equations


@pytest.fixture
def parts(recipe):
    """Two fakes and two true images of constant values, and a `Training` whose logits are their means."""
    fake, real = (torch.tensor(x).reshape(2, 1, 1, 1).expand(2, 3, 4, 4) for x in ([-0.5, 0.1], [0.5, 0.7]))
    content = PerceptualLoss(lambda x: [2 * x], layer_weights=[1.0], distance="l1")
    d = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.AvgPool1d(3 * 4 * 4))
    training = recipe.Training(g=None, d=d, content=content, opt_g=None, opt_d=None, ema=None)
    return fake.clone().requires_grad_(), real, training


def test_the_terms_of_equation_3_by_hand(recipe, parts):
    fake, real, training = parts
    weights = recipe.Options(pixel_weight=0.5, content_weight=2.0, adversarial_weight=0.1)
    terms = recipe.generator_terms(fake, real, training, weights)
    softplus = [math.log1p(math.exp(x)) for x in (0.6 + 0.5, 0.6 - 0.1, 0.5 + 0.2, 0.7 + 0.2)]
    assert (
        {name: term.item() for name, term in terms.items()}
        == pytest.approx(
            {
                "pixel": 0.5 * 0.8 / 2,  # the images differ by 1.0 and 0.6
                "content": 2 * 2 * 0.8,
                "adversarial": 0.1 * (sum(softplus[:2]) / 2 + sum(softplus[2:]) / 2) / 2,
            }
        )
    )


def test_the_discriminators_terms_by_hand(recipe, parts):
    fake, real, training = parts
    terms = recipe.discriminator_terms(fake, real, training, recipe.Options(penalty=3.0))
    softplus = [math.log1p(math.exp(-x)) for x in (0.5 + 0.2, 0.7 + 0.2, 0.6 + 0.5, 0.6 - 0.1)]
    assert terms["discriminator"].item() == pytest.approx(sum(softplus) / 4)
    assert terms["penalty"].item() == pytest.approx(3 * 2 / 48)  # the gradient of a mean of 48 is 1 / 48 each


@pytest.mark.parametrize("kind", ["paired", "nonsaturating"])
def test_other_adversarial_losses_by_hand(recipe, parts, kind):
    fake, real, training = parts
    chosen = recipe.Options(adversarial=kind, adversarial_weight=1.0)
    generator = recipe.generator_terms(fake, real, training, chosen)["adversarial"].item()
    discriminator = recipe.discriminator_terms(fake, real, training, chosen)["discriminator"].item()
    values = {"paired": ([1.0, 0.6], [-1.0, -0.6]), "nonsaturating": ([0.5, -0.1], None)}[kind]
    assert generator == pytest.approx(F.softplus(torch.tensor(values[0])).mean().item())
    if kind == "paired":
        assert discriminator == pytest.approx(F.softplus(torch.tensor(values[1])).mean().item())
    else:
        both = F.softplus(torch.tensor([-0.5, -0.7])).mean() + F.softplus(torch.tensor([-0.5, 0.1])).mean()
        assert discriminator == pytest.approx(both.item())


@pytest.mark.parametrize("name", ["pixel", "content", "adversarial"])
def test_a_term_of_weight_0_is_neither_computed_nor_named(recipe, parts, name):
    fake, real, training = parts
    weights = {"pixel_weight": 1.0, "content_weight": 1.0, "adversarial_weight": 1.0, f"{name}_weight": 0.0}

    def never(*_):
        raise AssertionError("computed in vain")

    with pytest.MonkeyPatch.context() as patch:
        if name == "pixel":
            patch.setattr(recipe, "pixel_loss", never)
        else:
            training = training._replace(**{{"content": "content", "adversarial": "d"}[name]: never})
        terms = recipe.generator_terms(fake, real, training, recipe.Options(**weights))
    assert terms.keys() == {"pixel", "content", "adversarial"} - {name}


def test_the_weights_of_the_presets_are_the_papers(recipe):
    weights = {
        name: (each.pixel_weight, each.content_weight, each.adversarial_weight, each.adversarial)
        for name, each in recipe.PRESETS.items()
    }
    assert weights["paper"] == (1e-2, 1.0, 5e-3, "relativistic")
