"""SRGAN's recipe: its two phases and their terms, starting from a phase 1, resuming, and mistakes."""

import math
import shutil
from pathlib import Path
from types import SimpleNamespace

import gan_nets
import pytest
import torch
from gan_colorspace import rgb_to_ycrcb, split
from gan_data import read_image
from gan_losses import PerceptualLoss
from gan_projected import Backbone
from gan_trainers import read_scalars, run_recipe
from PIL import Image
from safetensors.torch import load_file
from torch.nn import functional as F

TINY = 1e-30  # a learning rate that moves no weight
SMALL = {"blocks": 1, "width": 4, "batch_size": 2, "size": 32, "validation": 0.3, "scale": 2}


@pytest.fixture(scope="module")
def recipe(example):
    return example("srgan")


@pytest.fixture(scope="module")
def phase_one(recipe, train, photos, tmp_path_factory):
    """A run of phase 1 alone."""
    out = tmp_path_factory.mktemp("phase-one")
    train(recipe, "paper", out, data=photos, kernel="area", jpeg=50, pixel_steps=3, steps=0, **SMALL)
    return out


def test_the_network_of_the_first_phase_has_its_degradation(phase_one):
    for folder in ("pixels", "enlarger"):
        net = gan_nets.load(phase_one / folder)
        assert (net.scale, net.degradation) == (2, "area, JPEG 50")
        assert net(torch.zeros(1, 3, 5, 7)).shape == (1, 3, 10, 14)
    rows = read_scalars(phase_one / "scalars.jsonl")
    assert {"pixel", "psnr_y", "bicubic_psnr_y", "ssim_y", "lite0_distance"} <= rows[-1].keys()
    assert rows[-1]["step"] == 3
    assert "content" not in rows[-1]


def state(out, step):
    """What all processes share in a checkpoint."""
    return load_file(out / "checkpoints" / f"{step:08d}" / "shared.safetensors")


@pytest.mark.parametrize(("adversarial_weight", "has_discriminator"), [(0.0, False), (1e-3, True)])
def test_the_second_phase_starts_from_the_weights_of_the_first(
    recipe, train, photos, phase_one, tmp_path, adversarial_weight, has_discriminator
):
    changes = {"adversarial_weight": adversarial_weight, "pixel_steps": 0, "steps": 2, "test": photos}
    train(recipe, "paper", tmp_path, data=photos, start=(f"{phase_one}/pixels",), lr=TINY, **changes, **SMALL)
    learned = gan_nets.load(phase_one / "pixels")
    started = gan_nets.load(tmp_path / "enlarger")
    for name, value in learned.named_parameters():
        torch.testing.assert_close(started.get_parameter(name), value, rtol=0, atol=1e-25)
    rows = read_scalars(tmp_path / "scalars.jsonl")
    assert ("discriminator" in rows[-1]) is ("adversarial" in rows[-1]) is has_discriminator
    assert rows[-1]["content"] > 0
    assert len(list((tmp_path / "test" / "enlarger").iterdir())) == 12


def test_the_generator_without_batch_norm_learns_what_to_add(recipe, train, photos, tmp_path):
    changes = {"generator": "msrresnet", "pixel_steps": 1, "steps": 0, "lr": TINY}
    train(recipe, "paper", tmp_path / "first", data=photos, **changes, **SMALL)
    net = gan_nets.load(tmp_path / "first" / "pixels")
    assert isinstance(net, gan_nets.MSRResNet)
    x = torch.rand(1, 3, 8, 8) * 2 - 1
    bilinear = torch.nn.functional.interpolate(x, scale_factor=2, mode="bilinear")
    assert (net(x) - bilinear).abs().mean() < 0.05  # as it was before any step


def test_a_second_phase_without_a_first_has_to_be_allowed(recipe, train, mistake, photos, tmp_path):
    changes = {"data": photos, "pixel_steps": 0, "steps": 1, **SMALL}
    code, error = mistake(recipe, "paper", out=tmp_path, **changes)
    assert code == 2
    assert "phase 2 expects the weights of phase 1; give --start SOURCE" in error
    train(recipe, "paper", tmp_path, start=("nothing",), **changes)
    assert (tmp_path / "enlarger" / "config.json").exists()
    assert not (tmp_path / "pixels").exists()


def test_words_that_are_no_paths_are_read_from_the_command_line(recipe):
    chosen = []
    words = ["paper", "--start", "nothing", "--features", "vgg19", "--jpeg", "noise-2"]
    run_recipe(chosen.append, recipe.PRESETS, words)
    words = ["paper", "--start", "a", "d=b", "--features", "b.pth", "--jpeg", "9"]
    run_recipe(chosen.append, recipe.PRESETS, words)
    found = [(options.start, options.features, options.jpeg) for options in chosen]
    assert found == [(("nothing",), "vgg19", "noise-2"), (("a", "d=b"), Path("b.pth"), 9)]


@pytest.mark.parametrize(("option", "value"), [("width", 8), ("scale", 4)])
def test_a_first_phase_of_another_width_or_scale_ends_in_one_sentence(
    recipe, mistake, photos, phase_one, tmp_path, option, value
):
    changes = {"data": photos, "start": phase_one / "pixels", **SMALL, option: value}
    code, error = mistake(recipe, "paper", out=tmp_path, **changes)
    assert code == 2
    assert f"pixels does not fit g: {option} is {SMALL[option]} there and {value} here" in error
    assert error.endswith(f"; give --{option} {SMALL[option]}")


TWO_PHASES = {"pixel_steps": 2, "steps": 2, "evaluate_every": 1, **SMALL}


@pytest.fixture(scope="module")
def whole(recipe, train, photos, tmp_path_factory):
    """An uninterrupted run of both phases."""
    out = tmp_path_factory.mktemp("whole")
    train(recipe, "paper", out, data=photos, **TWO_PHASES)
    return out


@pytest.mark.parametrize("lost", [3, 4])  # the first step of phase 2, and one within it
def test_resuming_equals_an_uninterrupted_run(recipe, train, run_until, photos, whole, tmp_path, lost):
    run_until(recipe, lost, "paper", tmp_path, data=photos, **TWO_PHASES)
    train(recipe, "paper", tmp_path, data=photos, **TWO_PHASES)
    expected, got = state(whole, 4), state(tmp_path, 4)
    assert got.keys() == expected.keys()
    assert all(torch.equal(got[name], tensor) for name, tensor in expected.items())


def test_test_images_are_upscaled_and_scored_at_the_end(recipe, train, photos, tmp_path, capsys):
    for kind in ("one", "other"):  # of the same names
        shutil.copytree(photos, tmp_path / "test" / kind)
    changes = {"data": photos, "test": tmp_path / "test", "pixel_steps": 1, "steps": 0, **SMALL}
    train(recipe, "paper", tmp_path / "out", **changes)
    for method in ("bicubic", "enlarger"):
        assert len(list((tmp_path / "out" / "test" / method).glob("*.png"))) == 24
    printed = capsys.readouterr().out
    assert "bicubic {'" in printed
    assert "enlarger {'" in printed


@pytest.mark.parametrize("steps", [0, 1])
def test_a_network_for_luma_enlarges_color_pictures(example, recipe, train, photos, tmp_path, steps):
    changes = {"colors": "y", "jpeg": "noise-3", "pixel_steps": 1, "steps": steps, "evaluate_every": 1}
    train(recipe, "waifu2x", tmp_path / "out", data=photos, portraits=False, test=photos, **changes, **SMALL)
    rows = read_scalars(tmp_path / "out" / "scalars.jsonl")
    assert rows[-1]["psnr_y"] == pytest.approx(rows[-1]["bicubic_psnr_y"], abs=6)
    assert ("content" in rows[-1]) == bool(steps)
    net = gan_nets.load(tmp_path / "out" / "enlarger")
    assert (net.in_channels, net.degradation) == (1, "area, noise 3")
    small = torch.rand(3, 8, 12) * 0.6 - 0.3  # far from the limits, where colors would be clamped
    chroma = [split(rgb_to_ycrcb(image))[1] for image in (gan_nets.translate(net, small), small)]
    expected = F.interpolate(chroma[1][None], scale_factor=2, mode="bicubic")[0]
    torch.testing.assert_close(chroma[0], expected, atol=1e-4, rtol=0)
    support = example("support.srgan")
    torch.testing.assert_close(
        support.enlarged(net, small[None])[0], gan_nets.translate(net, small), atol=1e-4, rtol=0
    )
    shown = [read_image(file) for file in sorted((tmp_path / "out" / "test" / "enlarger").iterdir())]
    assert len(shown) == 12
    assert any((image[0] != image[1]).any() for image in shown)


def test_the_waifu2x_preset_learns_from_the_portraits(example, recipe, options, tmp_path):
    support, chosen = example("support.srgan"), options(recipe, "waifu2x", tmp_path)
    degrade = support.make_degradation(chosen.scale, chosen.kernel, chosen.jpeg)
    assert str(degrade) == "area, noise 1"
    train, held_out = support.find_datasets(None, 0.1, degrade, size=chosen.size, portraits=chosen.portraits)
    assert (len(train), len(held_out)) == (1800, 200)
    small, large = train[0]
    assert (small.shape, large.shape) == ((3, 32, 32), (3, 64, 64))


def test_all_methods_get_the_same_small_images(example, photos, tmp_path):
    support, run = example("support.srgan"), SimpleNamespace(out=tmp_path, device=torch.device("cpu"))
    evaluation = SimpleNamespace(
        g=SimpleNamespace(scale=2), run=run, scores=lambda fake, _: {"mean": fake.mean((1, 2, 3))}
    )
    methods = dict.fromkeys(("one", "other"), lambda small: F.interpolate(small, scale_factor=2))
    files = sorted(photos.iterdir())[:2]

    def noisy(large):
        return large[:, ::2, ::2] + 0.1 * torch.randn_like(large[:, ::2, ::2])

    found = [support._upscale_files(evaluation, methods, files, noisy) for _ in range(2)]
    assert found[0]["one"] == found[0]["other"] == found[1]["one"]


def test_the_average_of_the_weights_is_what_is_saved(recipe, train, photos, tmp_path):
    changes = {"data": photos, "pixel_steps": 3, "steps": 0, "lr": 0.01, "evaluate_every": 3, **SMALL}
    for name, ema in (("average", True), ("weights", False)):
        train(recipe, "paper", tmp_path / name, ema=ema, **changes)
    saved = [gan_nets.load(tmp_path / name / "enlarger").state_dict() for name in ("average", "weights")]
    trained = state(tmp_path / "weights", 3)
    weights = {name.rpartition(".g.")[2]: tensor for name, tensor in trained.items() if ".g." in name}
    assert all(torch.equal(saved[1][name], tensor) for name, tensor in weights.items())
    assert not all(torch.equal(saved[0][name], saved[1][name]) for name in weights)


def test_flat_photos_do_not_end_the_run(recipe, train, tmp_path):
    for number in range(12):
        Image.new("RGB", (40, 40), (20 * number, 90, 90)).save(tmp_path / f"{number}.png")
    train(recipe, "paper", tmp_path / "out", data=tmp_path, pixel_steps=1, steps=0, **SMALL)
    (row,) = read_scalars(tmp_path / "out" / "scalars.jsonl")
    assert row["bicubic_psnr_y"] == 100  # dB: bicubic upscaling of flat images is exact
    assert "psnr_y" in row


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"size": 16, "scale": 4}, "--size must be a multiple of --scale 4 and at least 19; got 16"),
        ({"size": 32, "scale": 3}, "--size must be a multiple of --scale 3 and at least 17; got 32"),
        ({"jpeg": 96}, "--jpeg must be a quality from 1 to 95, or noise-0 to noise-3; got 96"),
        (
            {"portraits": True, "data": "photos"},
            "--data expects another preset, such as: srgan.py paper --data FOLDER",
        ),
        ({"pixel_steps": 0, "steps": 0}, "--pixel-steps or --steps must be above 0; got 0 for both"),
        (
            {"content_weight": 0, "adversarial_weight": 0},
            "one weight of phase 2 must be above 0; got 0 for all",
        ),
        ({"lr": 0}, "--lr must be a number above 0; got 0.0"),
    ],
)
def test_wrong_use_ends_in_one_sentence(recipe, mistake, tmp_path, changes, sentence):
    code, error = mistake(recipe, "paper", out=tmp_path / "out", **SMALL | changes)
    assert (code, error) == (2, f"error: {sentence}")
    assert not (tmp_path / "out").exists()


# ------------------------------------------------------------------- equations


def test_the_pixel_losses_are_the_papers_and_basicsrs(recipe):
    fake, real = torch.zeros(1, 3, 4, 4), torch.full((1, 3, 4, 4), 0.5)
    assert recipe.pixel_loss(fake, real, recipe.PRESETS["paper"]) == 0.25
    assert recipe.pixel_loss(fake, real, recipe.PRESETS["basicsr"]) == 0.25  # a quarter of [0, 1]
    fake = torch.full((1, 3, 4, 4), -0.5)
    assert recipe.pixel_loss(fake, real, recipe.PRESETS["paper"]) == 1
    assert recipe.pixel_loss(fake, real, recipe.PRESETS["basicsr"]) == 0.5


def test_the_weights_are_the_papers_the_articles_and_basicsrs(recipe):
    weights = {
        name: (each.pixel_weight, each.content_weight, each.adversarial_weight)
        for name, each in recipe.PRESETS.items()
    }
    assert weights == {
        "photos": (1e-2, 1.0, 5e-3),
        "paper": (0.0, 1.0, 1e-3),
        "article": (0.0, 1.0, 1e-5),
        "basicsr": (1e-2, 1.0, 5e-3),
        "waifu2x": (1e-2, 1.0, 5e-3),
    }


def features(x):
    return [2 * x, x.mean((2, 3))]


@pytest.fixture
def parts(recipe):
    """Constant images of -0.5 and 0.5, and a `Training` whose logits and features are known."""
    fake, real = (torch.full((2, 3, 4, 4), value, requires_grad=value < 0) for value in (-0.5, 0.5))
    content = PerceptualLoss(features, layer_weights=[1.0, 3.0], distance="l1")
    training = recipe.Training(
        g=None, d=lambda x: x.mean((1, 2, 3)), content=content, opt_g=None, opt_d=None, ema=None
    )
    return fake, real, training


def test_the_generators_terms_by_hand(recipe, parts):
    fake, real, training = parts
    weights = recipe.Options(pixel_weight=0.1, content_weight=2.0, adversarial_weight=0.5)
    terms = recipe.generator_terms(fake, real, training, weights)
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(
        {"pixel": 0.1 * 1.0, "content": 2 * (2 + 3), "adversarial": 0.5 * math.log1p(math.exp(0.5))}
    )


def test_squashed_logits_are_the_articles_sigmoids_before_a_softmax(recipe):
    """Two outputs z and -z: no confidence brings the cross entropy below log(1 + 1/e)."""
    logit = torch.tensor([-3.0, 0.5, 100.0])
    two = torch.stack([logit, -logit], dim=1).sigmoid()
    expected = F.cross_entropy(two, torch.zeros(3, dtype=torch.long), reduction="none")
    squashed = recipe.logits_of(lambda x: x, logit, recipe.Options(squash=True))
    torch.testing.assert_close(F.softplus(-squashed), expected)
    assert F.softplus(-squashed)[2].item() == pytest.approx(math.log1p(math.exp(-1)))
    assert recipe.logits_of(lambda x: x, logit, recipe.Options()) is logit


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


def test_the_content_loss_is_scaled_features(recipe):
    """Lite0's four maps, as strongly as the paper weights VGG19's: equation 5 with 1 / 12.75."""
    backbone = Backbone(weights="random")
    torch.manual_seed(0)
    fake, real = torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64)
    maps = list(zip(backbone(fake), backbone(real), strict=True))
    paper = recipe.content_loss(recipe.PRESETS["paper"], backbone)
    expected = sum(((x - y) / 70).square().mean() for x, y in maps)
    torch.testing.assert_close(paper(fake, real), expected)
    basicsr = recipe.content_loss(recipe.PRESETS["basicsr"], backbone)
    expected = sum((x - y).abs().mean() * 12.75 / 70 for x, y in maps)
    torch.testing.assert_close(basicsr(fake, real), expected)
