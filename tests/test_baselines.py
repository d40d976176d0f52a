"""CycleGAN's baselines end to end: each trains, writes results and resumes, and a mistake is one sentence."""

import json
import shutil
from pathlib import Path

import gan_nets
import pytest
import torch
from gan_data import find_images, read_image
from gan_metrics import psnr
from gan_trainers import Run, read_scalars
from safetensors.torch import load_file

EMOJI = Path(__file__).parents[1] / "examples" / "images" / "emoji"
RECIPES = Path(__file__).parent / "recipes"
BOTH = ("a_to_b", "b_to_a")
SMALL = {"size": 32, "load_size": 36, "width": 4, "counterparts": True, "steps": 4, "evaluate_every": 2}
RESNET = SMALL | {"blocks": 1, "layers": 2, "pool_size": 2}
COGAN = SMALL | {"latents": 5, "starts": 2, "iterations": 3, "batch_size": 2}
FEATURES = RESNET | {"content": "features", "feature_size": 32}
CASES = {  # recipe, options, directions and networks that are written, terms that are logged
    "pixels": ("content_gan", RESNET, BOTH[:1], BOTH[:1], {"adversarial", "content", "discriminator"}),
    "features": (
        "content_gan",
        FEATURES | {"direction": "b-to-a"},
        BOTH[1:],
        BOTH[1:],
        {"adversarial", "content", "discriminator"},
    ),
    "bigan": ("bigan", RESNET, BOTH, BOTH, {"generator", "encoder", "discriminator"}),
    "cogan": (
        "cogan",
        COGAN,
        BOTH,
        ("generator",),
        {"adversarial_a", "adversarial_b", "discriminator_a", "discriminator_b"},
    ),
}
each_case = pytest.mark.parametrize("name", CASES)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A few emoji in the paper's layout: more of A than of B, and three pairs to test with."""
    root = tmp_path_factory.mktemp("emoji")
    for folder, count in (("trainA", 7), ("trainB", 5), ("testA", 3), ("testB", 3)):
        (root / folder).mkdir()
        for file in sorted((EMOJI / folder).glob("*.webp"))[:count]:
            shutil.copy(file, root / folder)
    return root


@pytest.fixture(scope="module")
def trained(example, train, data, tmp_path_factory):
    """The folder of a finished run of each case."""
    found = {}

    def run(name):
        if name not in found:
            recipe, options, *_ = CASES[name]
            found[name] = tmp_path_factory.mktemp(name)
            train(example(recipe), "paper", found[name], data=(data,), **options)
        return found[name]

    return run


@each_case
def test_each_trains_and_writes_its_results(trained, name):
    out = trained(name)
    _, _, directions, networks, terms = CASES[name]
    row = read_scalars(out / "scalars.jsonl")[-1]
    assert row["step"] == 4
    assert terms <= row.keys()
    assert {folder.name for folder in (out / "pictures").iterdir()} == set(directions)
    states = ["real", "translated"] + ["reconstructed"] * (name in ("bigan", "cogan"))
    for direction in directions:
        assert {f"{score}_{direction}" for score in ("psnr", "ssim", "untranslated")} <= row.keys()
        assert (f"reconstruction_{direction}" in row) == (len(states) == 3)
        assert {folder.name for folder in (out / "pictures" / direction).iterdir()} == set(states)
        for state in states:
            assert len(list((out / "pictures" / direction / state).glob("*.png"))) == 3
    for network in networks:
        net = gan_nets.load(out / network)
        z = torch.zeros(2, 5) if name == "cogan" else torch.zeros(1, 3, 40, 48)
        assert net(z).shape == ((2, 6, 32, 32) if name == "cogan" else z.shape)


@pytest.mark.parametrize("name", ["pixels", "features"])
def test_the_input_is_that_of_the_direction(trained, data, name):
    (direction,) = CASES[name][2]
    files = find_images(data / f"test{direction[0].upper()}")
    real = find_images(trained(name) / "pictures" / direction / "real")
    assert [path.stem.partition("-")[2] for path in real] == [path.stem for path in files]
    for path, file in zip(real, files, strict=True):
        assert psnr(read_image(path)[None], read_image(file)[None, :, ::2, ::2]) > 15  # dB, resized otherwise


@each_case
def test_a_resumed_run_equals_an_uninterrupted_one(example, run_until, train, trained, data, tmp_path, name):
    recipe, options, _, networks, _ = CASES[name]
    run_until(example(recipe), 4, "paper", tmp_path, data=(data,), **options)
    assert not (tmp_path / networks[0]).exists()
    train(example(recipe), "paper", tmp_path, data=(data,), **options)
    for file in ("shared", "process-0"):
        checkpoint = Path("checkpoints", "00000004", f"{file}.safetensors")
        assert (tmp_path / checkpoint).read_bytes() == (trained(name) / checkpoint).read_bytes()
    images = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("pictures/*/*/*.png"))
    assert all((tmp_path / path).read_bytes() == (trained(name) / path).read_bytes() for path in images)


def test_two_processes_equal_one(example, train, two_processes, words, data, tmp_path):
    """But for full pools, which each process has for itself, and for CoGAN's latents and dropout."""
    runs = {CASES[name][0]: CASES[name][1] for name in ("pixels", "bigan", "cogan")}
    shared = {"data": (data,), "steps": 1, "evaluate_every": 1}
    halves = {
        recipe: ["paper", *words(out=tmp_path / "two" / recipe, **options | shared | {"batch_size": 1})]
        for recipe, options in runs.items()
    }
    printed = two_processes(RECIPES / "several.py", json.dumps(halves))
    assert printed[0].count("2 processes on cpu") == 3
    for recipe, options in runs.items():
        train(example(recipe), "paper", tmp_path / "one" / recipe, **options | shared | {"batch_size": 2})
        (whole,), (half,) = (read_scalars(tmp_path / n / recipe / "scalars.jsonl") for n in ("one", "two"))
        assert whole.keys() == half.keys()
        exact = {"step", "images", "untranslated_a_to_b"} if recipe == "cogan" else whole.keys() - {"seconds"}
        for scalar in exact:
            assert half[scalar] == pytest.approx(whole[scalar], rel=2e-3), (recipe, scalar)


@pytest.mark.parametrize("name", ["content_gan", "bigan"])
def test_small_presets_are_those_of_cyclegan(example, name):
    """The same networks and steps on the same images, without the identity loss."""
    recipe, cyclegan = example(name), example("cyclegan")
    for preset in ("emoji", "portraits", "paper"):
        chosen, other = recipe.PRESETS[preset], cyclegan.PRESETS[preset]
        shared = {field for field in vars(chosen) if hasattr(other, field)} - {"run"}
        assert {"size", "width", "blocks", "pool_size", "lr", "epochs", "steps", "counterparts"} <= shared
        assert {field: getattr(chosen, field) for field in shared} == {
            field: getattr(other, field) for field in shared
        }


def test_the_portraits_are_label_maps_and_pictures(example, train, tmp_path):
    train(
        example("bigan"), "portraits", tmp_path, steps=1, size=16, load_size=16, width=2, blocks=1, layers=1
    )
    pictures = tmp_path / "pictures" / "a_to_b"
    assert len(find_images(pictures / "translated")) == 200
    settings = json.loads((tmp_path / "settings.json").read_text())["settings"]
    assert settings["portraits"]
    assert "psnr_a_to_b" in read_scalars(tmp_path / "scalars.jsonl")[-1]


@pytest.mark.parametrize("name", ["pixels", "bigan", "cogan"])
def test_without_averages_the_weights_themselves_are_saved(example, train, data, tmp_path, name):
    recipe, options, _, networks, _ = CASES[name]
    train(example(recipe), "paper", tmp_path, data=(data,), ema=False, **options)
    stored = load_file(tmp_path / "checkpoints" / "00000004" / "shared.safetensors")
    for key, tensor in load_file(tmp_path / networks[0] / "model.safetensors").items():
        assert torch.equal(tensor, stored[f"shared.registered.g.{key}"]), key


@pytest.mark.parametrize(
    ("name", "updates"),
    [("content_gan", [{"g"}, {"d"}]), ("bigan", [{"g"}, {"e"}, {"d"}]), ("cogan", [{"d"}, {"g"}])],
)
def test_each_update_moves_its_own_network_alone(example, train, data, tmp_path, monkeypatch, name, updates):
    recipe, nets, moved = example(name), {}, []
    build, update = recipe.build, Run.update

    def build_and_note(options):
        training = build(options)
        nets.update({name: getattr(training, name, None) for name in ("g", "e", "d")})
        return training

    def update_and_note(run, optimizer, loss):
        before = {name: [p.detach().clone() for p in net.parameters()] for name, net in nets.items() if net}
        update(run, optimizer, loss)
        moved.append(
            {name for name in before if not all(map(torch.equal, before[name], nets[name].parameters()))}
        )

    monkeypatch.setattr(recipe, "build", build_and_note)
    monkeypatch.setattr(Run, "update", update_and_note)
    options = COGAN if name == "cogan" else RESNET
    train(recipe, "paper", tmp_path, data=(data,), **options | {"steps": 2, "evaluate_every": 2})
    assert moved == 2 * updates


@pytest.mark.parametrize(
    ("name", "preset", "changes", "sentence"),
    [
        (name, "paper", {}, "--data expects one folder, or one for A and one for B; got 0")
        for name in ("content_gan", "bigan", "cogan")
    ]
    + [
        (
            name,
            preset,
            {"data": "a"},
            f"--data expects another preset, such as: {name}.py paper --data FOLDER",
        )
        for name in ("content_gan", "bigan", "cogan", "cyclegan", "pix2pix")
        for preset in ("emoji", "portraits")
    ]
    + [
        (
            name,
            "emoji",
            {"size": 30},
            "--size must be a multiple of 4, 8 or more, which is halved twice; got 30",
        )
        for name in ("content_gan", "bigan")
    ]
    + [
        (
            "cogan",
            "emoji",
            {"portraits": True},
            "--emoji and --portraits exclude each other; use one of them",
        ),
        ("cogan", "emoji", {"size": 48}, "--size must be a power of 2 from 8 to 256; got 48"),
        ("cogan", "emoji", {"starts": 0}, "--starts must be a whole number of at least 1; got 0"),
        ("content_gan", "emoji", {"vgg19": "a"}, "--vgg19 expects --content features"),
        (
            "content_gan",
            "emoji",
            {"content_weight": -1},
            "--content-weight must be a number of at least 0; got -1.0",
        ),
        ("bigan", "emoji", {"pool_size": -1}, "--pool-size must be a whole number of at least 0; got -1"),
    ],
)
def test_wrong_use_ends_in_one_sentence(example, mistake, tmp_path, name, preset, changes, sentence):
    code, error = mistake(example(name), preset, out=tmp_path / "out", **changes)
    assert (code, error) == (2, f"error: {sentence}")
    assert not (tmp_path / "out").exists()
