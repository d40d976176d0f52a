"""Fine-tuning: every recipe starts from runs, folders and files; what does not fit is one sentence."""

import json
import runpy
import shutil
from pathlib import Path

import gan_nets
import pytest
import torch
from gan_nets import (
    MultiscaleDiscriminator,
    PatchDiscriminator,
    StyleGAN2Generator,
    UNetGenerator,
    cyclegan_resnet_paper,
)
from gan_trainers import EMA, Run, read_scalars
from huggingface_hub import ModelCard
from safetensors.torch import load_file
from torch import nn

EXAMPLES = Path(__file__).parents[1] / "examples"
HUB = EXAMPLES.parent / "packages" / "gan-nets" / "tests" / "hub" / "conftest.py"
hub = runpy.run_path(str(HUB))["hub"]  # a fixture: a server on this machine, as the only Hub
RESNET = {"size": 32, "load_size": 36, "width": 4, "blocks": 1, "layers": 2}
PHOTOS = {"width": 4, "batch_size": 2, "size": 32, "validation": 0.3}
SMALL_SR = {"blocks": 1, "scale": 2, **PHOTOS}
SCORED = {"batch_size": 2, "samples": 4, "judge_weights": "random"}
STYLES = {"size": 8, "latents": 4, "styles": 6, "mapping_layers": 2, "base_channels": 32, **SCORED}
R3GAN = {"size": 8, "latents": 4, "base_channels": 64, **SCORED}
GROWN = {"size": 8, "latents": 4, "base_channels": 32, **SCORED}
COUPLED = {"size": 32, "load_size": 36, "width": 4, "latents": 5, "batch_size": 2}
PROJECTED = {"size": 64, "width": 4, "resize": 128, "weights": "random", **SCORED}
LABELED = {"width": 2, "downsamplings": 1, "blocks": 1, "batch_size": 2, "size": (32, 32), "scales": (1, 2)}
LABELED |= {"classes": 9, "ignore": None, "features": 3}
FCN = {"size": 32, "load_size": 36, "weights": "random", "enlarge": 1, "batch_size": 2, "classes": 9}
CASES = {  # the preset, the fixture of its data, options, and the networks that it trains
    "bigan": ("paper", "emoji", RESNET, ["g", "e", "d"]),
    "coarse_to_fine": ("article", "photos", PHOTOS, ["net"]),
    "cogan": ("paper", "emoji", COUPLED, ["g", "d"]),
    "colorize": ("photos", "photos", {**PHOTOS, "load_size": None}, ["g", "d"]),
    "content_gan": ("paper", "emoji", RESNET, ["g", "d"]),
    "cut": ("cut", "emoji", {**RESNET, "nce_layers": (0, 4, 8)}, ["g", "d", "sampler"]),
    "cyclegan": ("paper", "emoji", RESNET, ["g_ab", "g_ba", "d_a", "d_b"]),
    "esrgan": ("photos", "photos", SMALL_SR, ["g", "d"]),
    "pix2pix": ("paper", "emoji", {"size": 32, "load_size": 36, "width": 4}, ["g", "d"]),
    "pix2pixhd": (
        "paper",
        "labeled_portraits",
        {**LABELED, "steps": (1, 1)},
        ["global", "enhancer", "d_global", "d_enhancer", "encoder"],
    ),
    "progan": ("paper", "photos", GROWN, ["g", "d"]),
    "projected_gan": ("paper", "photos", PROJECTED, ["g", "d"]),
    "r3gan": ("paper", "photos", R3GAN, ["g", "d"]),
    "real_esrgan": ("photos", "photos", SMALL_SR, ["g", "d"]),
    "segmentation": ("paper", "few_portraits", FCN, ["net"]),
    "srgan": ("paper", "photos", SMALL_SR, ["g", "d"]),
    "stylegan2": ("paper", "photos", STYLES, ["g", "d"]),
}


@pytest.fixture(scope="session")
def emoji(tmp_path_factory):
    """Four pairs to train on and two to test with."""
    root = tmp_path_factory.mktemp("emoji")
    for kind, count in (("train", 4), ("test", 2)):
        names = [
            file.name for file in sorted((EXAMPLES / "images/emoji" / f"{kind}A").glob("*.webp"))[:count]
        ]
        for side in "AB":
            (root / f"{kind}{side}").mkdir()
            for name in names:
                shutil.copy(EXAMPLES / "images/emoji" / f"{kind}{side}" / name, root / f"{kind}{side}")
    return root


@pytest.fixture
def halted(example, options, request):
    """Runs a recipe until all is registered, and if told saves it with moved weights; returns the modules."""

    class Halted(Exception):  # noqa: N818 - not an error
        pass

    def run(name, out, *, save=False, **changes):
        preset, fixture, small, _ = CASES[name]
        data = request.getfixturevalue(fixture)
        recipe, found = example(name), {}

        def resume(run):
            found.update(run._registered.modules())
            if save:
                for parameter in (each for module in found.values() for each in module.parameters()):
                    parameter.data.add_(0.01)
                run.save()
            raise Halted

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Run, "resume", resume)
            data = (data,) if isinstance(recipe.Options().data, tuple) else data
            with pytest.raises(Halted):
                recipe.main(options(recipe, preset, out, data=data, **small | changes))
        return found

    return run


def same(network, other):
    """Whether two networks, or a network and a state, have the same tensors."""
    states = [each.state_dict() if isinstance(each, nn.Module) else each for each in (network, other)]
    return states[0].keys() == states[1].keys() and all(
        torch.equal(states[0][key], value) for key, value in states[1].items()
    )


def test_every_recipe_that_trains_networks_is_here():
    recipes = {path.stem for path in EXAMPLES.glob("*.py")}
    assert recipes - {"style_transfer"} == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_a_recipe_starts_from_a_run_of_its_own(halted, tmp_path, capsys, name):
    first = halted(name, tmp_path / "first", save=True, seed=1)
    fresh = halted(name, tmp_path / "fresh", seed=2)
    capsys.readouterr()
    started = halted(name, tmp_path / "out", seed=2, start=(str(tmp_path / "first"),))
    names = CASES[name][3]
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if ": from " in line] == [
        f"{each}: from {tmp_path / 'first'} ({type(first[each]).__name__}, license unknown)" for each in names
    ]
    for each in names:
        assert same(started[each], first[each])
        assert not same(started[each], fresh[each])
    for each in started.values():
        if isinstance(each, EMA):
            assert same(each.average, each.network)
    assert not (tmp_path / "out" / "settings.json").exists()  # written by `resume`, after the start


# ------------------------------------------------------------- files of other projects


class Block(nn.Module):
    """A residual block of the original CycleGAN."""

    def __init__(self, channels):
        super().__init__()
        half = [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels)]
        rest = [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels)]
        self.conv_block = nn.Sequential(*half, nn.ReLU(), *rest)

    def forward(self, x):
        return x + self.conv_block(x)


class Original(nn.Module):
    """A network of the original CycleGAN, whose layers are in a list named `model`."""

    def __init__(self, *layers):
        super().__init__()
        self.model = nn.Sequential(*layers)

    def forward(self, x):
        return self.model(x)


def original_generator(width=4):
    def normed(conv):
        return [conv, nn.InstanceNorm2d(conv.out_channels), nn.ReLU()]

    return Original(
        nn.ReflectionPad2d(3),
        *normed(nn.Conv2d(3, width, 7)),
        *normed(nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)),
        *normed(nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1)),
        Block(4 * width),
        *normed(nn.ConvTranspose2d(4 * width, 2 * width, 3, stride=2, padding=1, output_padding=1)),
        *normed(nn.ConvTranspose2d(2 * width, width, 3, stride=2, padding=1, output_padding=1)),
        nn.ReflectionPad2d(3),
        nn.Conv2d(width, 3, 7),
        nn.Tanh(),
    )


def original_discriminator(width=4):
    return Original(
        nn.Conv2d(3, width, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),
        nn.InstanceNorm2d(2 * width),
        nn.LeakyReLU(0.2),
        nn.Conv2d(2 * width, 4 * width, 4, padding=1),
        nn.InstanceNorm2d(4 * width),
        nn.LeakyReLU(0.2),
        nn.Conv2d(4 * width, 1, 4, padding=1),
    )


def test_fine_tuning_begins_with_the_losses_of_the_original_networks(
    example, train, emoji, tmp_path, monkeypatch
):
    torch.manual_seed(3)
    originals = {"g_ab": original_generator(), "g_ba": original_generator()}
    originals |= {"d_a": original_discriminator(), "d_b": original_discriminator()}
    for name, network in originals.items():
        torch.save(network.state_dict(), tmp_path / f"latest_net_{name}.pth")
    recipe, batches = example("cyclegan"), []
    terms_of = recipe.generator_terms

    def noted(a, b, *rest):
        batches.append((a, b))
        return terms_of(a, b, *rest)

    monkeypatch.setattr(recipe, "generator_terms", noted)
    start = tuple(f"{name}={tmp_path}/latest_net_{name}.pth" for name in originals)
    for name, sources in (("out", start), ("noise", ())):
        train(recipe, "paper", tmp_path / name, data=(emoji,), steps=1, start=sources, **RESNET)
    first, noise = (read_scalars(tmp_path / name / "scalars.jsonl")[0] for name in ("out", "noise"))
    (a, b), g_ab, g_ba = batches[0], originals["g_ab"], originals["g_ba"]
    with torch.no_grad():
        fake_b, fake_a = g_ab(a), g_ba(b)
        expected = {
            "cycle_a": 10 * (g_ba(fake_b) - a).abs().mean(),
            "cycle_b": 10 * (g_ab(fake_a) - b).abs().mean(),
            "adversarial_ab": (originals["d_b"](fake_b) - 1).square().mean(),
            "adversarial_ba": (originals["d_a"](fake_a) - 1).square().mean(),
        }
    for name, value in expected.items():
        assert first[name] == pytest.approx(value.item(), rel=1e-4), name
        assert noise[name] != pytest.approx(value.item(), rel=1e-3), name


# ------------------------------------------------------------- runs


@pytest.fixture(scope="module")
def bigan_run(example, train, emoji, tmp_path_factory):
    """A run whose averages are not the weights."""
    out = tmp_path_factory.mktemp("bigan")
    train(example("bigan"), "paper", out, data=(emoji,), steps=4, evaluate_every=2, lr=0.01, **RESNET)
    return out


@pytest.mark.parametrize("place", ["", "checkpoints/00000004", "checkpoints/latest"])
def test_averages_come_first(halted, bigan_run, tmp_path, place):
    started = halted("bigan", tmp_path, start=(str(bigan_run / place),))
    stored = load_file(bigan_run / "checkpoints" / "00000004" / "shared.safetensors")

    def saved(name):
        prefix = f"shared.registered.{name}."
        return {key.removeprefix(prefix): x for key, x in stored.items() if key.startswith(prefix)}

    for name in ("g", "e"):
        assert same(started[name], saved(f"ema_{name}.average"))
        assert same(started[f"ema_{name}"].average, started[name])
        assert not same(started[name], saved(name))
    assert same(started["d"], saved("d"))


def test_a_named_source_is_for_one_network(halted, bigan_run, tmp_path):
    """The network of the same name of a run; else its only one; a folder of one; whatever the path has."""
    odd = shutil.copytree(bigan_run / "b_to_a", tmp_path / "epoch=4")
    started = halted("cyclegan", tmp_path / "out", start=(f"g_ab={bigan_run / 'a_to_b'}", f"g_ba={odd}"))
    assert same(started["g_ab"], gan_nets.load(bigan_run / "a_to_b"))
    assert same(started["g_ba"], gan_nets.load(bigan_run / "b_to_a"))
    started = halted("bigan", tmp_path / "one", seed=5, start=(f"e={bigan_run}",))
    assert same(started["e"], gan_nets.load(bigan_run, "e"))
    assert not same(started["g"], gan_nets.load(bigan_run, "g"))
    first = halted("content_gan", tmp_path / "first", save=True)
    started = halted("cyclegan", tmp_path / "two", start=(f"g_ba={tmp_path}/first",))
    assert same(started["g_ba"], first["g"])
    started = halted("content_gan", tmp_path / "three", start=(str(odd),))
    assert same(started["g"], gan_nets.load(odd))


@pytest.mark.parametrize("killed", [3, 4])
def test_a_resumed_run_needs_no_source_and_equals_an_uninterrupted_one(
    example, halted, train, run_until, photos, tmp_path, killed
):
    recipe, first = example("colorize"), tmp_path / "first"
    halted("colorize", first, save=True, seed=1)
    preset, _, small, _ = CASES["colorize"]
    changes = {"data": photos, "start": (str(first),), "steps": 4, "evaluate_every": 1, **small}
    train(recipe, preset, tmp_path / "whole", **changes)
    run_until(recipe, killed, preset, tmp_path / "killed", **changes)
    shutil.rmtree(first)
    train(recipe, preset, tmp_path / "killed", **changes)
    expected, got = (
        load_file(tmp_path / name / "checkpoints" / "00000004" / "shared.safetensors")
        for name in ("whole", "killed")
    )
    assert got.keys() == expected.keys()
    assert all(torch.equal(got[name], tensor) for name, tensor in expected.items())


def test_a_global_generator_that_starts_alone_is_that_of_the_enhancer(halted, tmp_path):
    halted("pix2pixhd", tmp_path / "first", save=True, seed=1)
    net = gan_nets.load(tmp_path / "first", "global")
    for name, steps in (("enhancer", (0, 2)), ("both", (1, 1))):
        started = halted("pix2pixhd", tmp_path / name, steps=steps, start=(f"global={tmp_path}/first",))
        assert same(started["global"], net)
        assert same(started["enhancer"].coarse, net.trunk)


def test_both_phases_of_super_resolution_start_from_a_run(halted, tmp_path):
    halted("srgan", tmp_path / "first", save=True, seed=1)
    start = (str(tmp_path / "first"),)
    started = halted("srgan", tmp_path / "out", start=start, pixel_steps=0)
    for name in ("g", "d"):
        assert same(started[name], gan_nets.load(tmp_path / "first", name))


# ------------------------------------------------------------- what is said


def test_the_license_of_a_folder_or_repository_is_printed(hub, halted, tmp_path, capsys):
    net, folder = cyclegan_resnet_paper(32, width=4, blocks=1), tmp_path / "net"
    net.save_pretrained(folder)
    hub.add("user/unlicensed", folder)
    (folder / "README.md").write_text("---\nlicense: cc-by-4.0\n---\n# A net\n")
    hub.add("user/net", folder)
    licensed = "(ResnetGenerator, cc-by-4.0)"
    for source, about in (
        (folder, licensed),
        ("user/net", licensed),
        ("user/unlicensed", "(ResnetGenerator, license unknown)"),
    ):
        started = halted("content_gan", tmp_path / "out", start=(str(source),))
        assert same(started["g"], net)
        assert f"g: from {source} {about}\n" in capsys.readouterr().out


def test_the_licenses_of_both_sources_are_in_the_cards_and_passed_on_again(
    hub, example, train, emoji, tmp_path
):
    net = cyclegan_resnet_paper(32, width=4, blocks=1)
    net.save_pretrained(tmp_path / "mine")
    hub.add("user/unlicensed", tmp_path / "mine")
    for name, front in (("mine", "license: mit"), ("theirs", "license: other\nlicense_name: of-theirs")):
        net.save_pretrained(tmp_path / name)
        (tmp_path / name / "README.md").write_text(f"---\n{front}\n---\n# A net\n")
    hub.add("user/net", tmp_path / "theirs")
    recipe, changes = example("cyclegan"), {"data": (emoji,), "steps": 1, **RESNET}
    sources = {"g_ab": f"{tmp_path}/mine", "g_ba": "user/net"}
    start = tuple(f"{name}={source}" for name, source in sources.items())
    for _ in range(2):  # the second time it resumes
        train(recipe, "paper", tmp_path / "first", start=start, **changes)
        settings = json.loads((tmp_path / "first" / "settings.json").read_text())["settings"]
        assert settings["started_from"] == {
            "g_ab": {"source": f"{tmp_path}/mine", "licenses": ["mit"], "on_hub": False},
            "g_ba": {"source": "user/net", "licenses": ["of-theirs"], "on_hub": True},
        }
    rows = "| g_ab | mine | mit |\n| g_ba | user/net | of-theirs |\n"
    for folder in ("a_to_b", "b_to_a"):
        card = ModelCard.load(tmp_path / "first" / folder / "README.md")
        assert (card.data.license, card.data.base_model) == ("other", ["user/net"])
        assert f"| network | started from | license |\n|---|---|---|\n{rows}" in card.text
    second = f"g={tmp_path}/first/a_to_b"
    train(example("content_gan"), "paper", tmp_path / "second", start=(second,), **changes)
    card = ModelCard.load(tmp_path / "second" / "a_to_b" / "README.md")
    assert "| g | a_to_b | mit and of-theirs |" in card.text
    assert card.data.license == "other"
    train(example("content_gan"), "paper", tmp_path / "third", start=("user/unlicensed",), **changes)
    card = ModelCard.load(tmp_path / "third" / "a_to_b" / "README.md")
    assert "| g | user/unlicensed | unknown |" in card.text
    assert (card.data.license, card.data.base_model) == (None, ["user/unlicensed"])


def test_arguments_that_change_no_tensor_may_differ(halted, tmp_path):
    net = UNetGenerator(3, 3, depth=5, width=4, dropout=(0.1, 0.1, 0.1), dropout_at_inference=True)
    net.save_pretrained(tmp_path / "net")
    assert same(halted("pix2pix", tmp_path / "out", start=(str(tmp_path / "net"),))["g"], net)


@pytest.fixture(scope="module")
def sources(bigan_run, tmp_path_factory):
    """A folder of networks that do not all fit, and a run."""
    root = tmp_path_factory.mktemp("sources")
    networks = {
        "fits": cyclegan_resnet_paper(32, width=4, blocks=1),
        "wide": cyclegan_resnet_paper(32, width=8, blocks=2),
        "unet": UNetGenerator(3, 3, depth=3, width=4),
        "shallow": UNetGenerator(3, 3, depth=3, width=4, skips=False),
        "scales": MultiscaleDiscriminator(5, scales=3, width=4),
        "pairs": PatchDiscriminator(6, layers=2, width=4, norm="instance"),
        "classes": StyleGAN2Generator(8, latents=4, styles=6, mapping_layers=2, base_channels=32, classes=3),
    }
    for name, net in networks.items():
        net.save_pretrained(root / name)
    (root / "bigan").symlink_to(bigan_run)
    return root


OTHERS = "choose options that build the same network, or give other weights"
MISTAKES = [  # the recipe, its --start, and the error
    ("cyclegan", ["G=fits"], "--start G=fits: there is no network G; there are g_ab, g_ba, d_a, d_b"),
    ("cyclegan", ["g_ab="], "--start g_ab= expects a folder, a file or a name after g_ab="),
    (
        "cyclegan",
        ["fits"],
        "--start fits is a ResnetGenerator, as g_ab and g_ba are; say which starts from it, "
        "such as g_ab=fits",
    ),
    (
        "cyclegan",
        ["unet"],
        "--start unet is a UNetGenerator, and this recipe trains g_ab (ResnetGenerator), g_ba "
        "(ResnetGenerator), d_a (PatchDiscriminator), d_b (PatchDiscriminator)",
    ),
    (
        "cyclegan",
        ["g_ab=unet"],
        f"unet does not fit g_ab: it is a UNetGenerator, not a ResnetGenerator; {OTHERS}",
    ),
    (
        "cyclegan",
        ["g_ab=fits", "g_ab=wide"],
        "--start gives g_ab twice, from fits and wide; leave one out, or name what each is for",
    ),
    (
        "cyclegan",
        ["g_ba=wide"],
        "wide does not fit g_ba: blocks is 2 there and 1 here, width is 8 there and 4 here; give "
        "--blocks 2 --width 8",
    ),
    (
        "cyclegan",
        ["d_a=pairs"],
        f"pairs does not fit d_a: in_channels is 6 there and 3 here; {OTHERS}",
    ),
    (
        "cyclegan",
        ["bigan"],
        "--start bigan has no network g_ab, and this recipe trains g_ab, g_ba, d_a, d_b; give the folder of "
        "a network by name, such as g_ab=FOLDER",
    ),
    (
        "content_gan",
        ["bigan"],
        f"bigan does not fit d: in_channels is 6 there and 3 here; {OTHERS}, or start g=bigan alone",
    ),
    (
        "pix2pix",
        ["g=fits"],
        f"fits does not fit g: it is a ResnetGenerator, not a UNetGenerator; {OTHERS}",
    ),
    (
        "pix2pix",
        ["g=shallow"],
        f"shallow does not fit g: depth is 3 there and 5 here, skips is False there and True here; {OTHERS}",
    ),
    (
        "pix2pixhd",
        ["d_enhancer=scales"],
        "scales does not fit d_enhancer: in_channels is 5 there and 13 here, scales is 3 there and 2 here; "
        f"{OTHERS}",
    ),
    ("stylegan2", ["classes"], f"classes does not fit g: classes is 3 there and 0 here; {OTHERS}"),
]


@pytest.mark.parametrize(("name", "start", "sentence"), MISTAKES)
def test_what_does_not_fit_is_told_before_anything_is_written(
    example, mistake, request, sources, tmp_path, monkeypatch, name, start, sentence
):
    monkeypatch.chdir(sources)
    preset, fixture, small, _ = CASES[name]
    data = request.getfixturevalue(fixture)
    code, error = mistake(example(name), preset, out=tmp_path / "out", data=data, start=tuple(start), **small)
    assert (code, error.removeprefix("error: ").removeprefix("--start: ")) == (2, sentence)
    assert {path.name for path in (tmp_path / "out").iterdir()} <= {".lock"}


def test_what_is_not_there_is_told_by_its_path(example, mistake, emoji, tmp_path):
    changes = {"out": tmp_path / "out", "data": emoji, **RESNET}
    code, error = mistake(example("content_gan"), "paper", start=tmp_path / "nothing", **changes)
    assert code == 1
    assert f"{tmp_path / 'nothing'}" in error


def test_another_start_than_that_of_the_run_is_refused(example, train, mistake, emoji, sources, tmp_path):
    recipe, changes = example("content_gan"), {"data": (emoji,), "steps": 1, **RESNET}
    train(recipe, "paper", tmp_path, **changes)
    code, error = mistake(recipe, "paper", out=tmp_path, start=sources / "fits", **changes)
    assert (code, error) == (
        2,
        f"error: {tmp_path} holds a run with no --start, which would continue; give another --out for "
        f"--start {sources / 'fits'}",
    )


def test_the_second_phase_does_not_start_from_a_discriminator_alone(example, mistake, photos, tmp_path):
    changes = {"data": photos, "pixel_steps": 0, "start": "d=runs/srgan", **SMALL_SR}
    code, error = mistake(example("esrgan"), "photos", out=tmp_path / "out", **changes)
    assert code == 2
    assert error.startswith("error: phase 2 expects the weights of phase 1; give --start SOURCE")


def test_a_network_without_a_description_is_told_by_its_first_tensor_that_differs(
    halted, example, mistake, few_portraits, tmp_path
):
    halted("segmentation", tmp_path / "first", save=True)
    changes = {
        "out": tmp_path / "out",
        "data": few_portraits,
        "start": tmp_path / "first",
        **FCN,
        "classes": 10,
    }
    code, error = mistake(example("segmentation"), "paper", **changes | {"ignore": "none"})
    assert code == 2
    assert error == (
        f"error: --start: {tmp_path / 'first'} does not fit net: its tensor scores.0.weight is [9, 320, 1, "
        "1] there and [10, 320, 1, 1] here; give other weights"
    )


class Shifted(nn.Module):
    """Has a buffer that no argument decides."""

    def __init__(self, channels):
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))


def test_a_buffer_that_does_not_fit_is_told(example):
    fit = example("support.fit")
    weights = fit.weights_of("a.pth", Shifted(3))
    sentence = r"a.pth does not fit g: its tensor mean is \[3\] there and \[4\] here; give other weights"
    with pytest.raises(ValueError, match=sentence):
        fit.check_fits("g", Shifted(4), weights, None, [])
    fit.check_fits("g", Shifted(3), weights, None, [])
