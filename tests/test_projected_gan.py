"""Projected GAN's recipe: its networks by name, adaptive augmentation, resuming, mistakes."""

import json
import shutil
from pathlib import Path

import gan_nets
import pytest
import torch
from gan_trainers import Run, read_scalars
from PIL import Image
from safetensors.torch import load_file

ANIMALS = Path(__file__).parents[1] / "examples" / "images" / "animals"
SMALL = {
    "width": 4,
    "batch_size": 2,
    "size": 64,
    "resize": 128,
    "samples": 4,
    "weights": "random",
    "judge_weights": "random",
}


@pytest.fixture(scope="module")
def recipe(example):
    return example("projected_gan")


@pytest.fixture(scope="module")
def generation(example):
    return example("support.generation")


@pytest.fixture(scope="module")
def animals(tmp_path_factory):
    """Six of the animals, three of them in a folder of their own."""
    folder = tmp_path_factory.mktemp("animals")
    for number, file in enumerate(sorted(ANIMALS.glob("*.jpg"))[:6]):
        kind = folder / ("first" if number < 3 else "second")
        kind.mkdir(exist_ok=True)
        shutil.copy(file, kind)
    return folder


def weights(out, step):
    return load_file(out / "checkpoints" / f"{step:08d}" / "shared.safetensors")


@pytest.mark.parametrize(
    ("generator", "discriminator", "augment"),
    [
        ("fastgan-lite", "projected", "diffaugment"),
        ("fastgan", "fastgan", "adaptive"),
        ("stylegan2", "projected", "ada"),
        ("dcgan", "dcgan", "none"),
    ],
)
def test_networks_by_name_train_and_write_their_results(
    recipe, generation, train, animals, tmp_path, generator, discriminator, augment
):
    changes = {"generator": generator, "discriminator": discriminator, "augment": augment, **SMALL}
    train(recipe, "paper", tmp_path, data=animals, steps=2, evaluate_every=1, **changes)
    rows = read_scalars(tmp_path / "scalars.jsonl")
    assert {"frechet_distance", "precision", "recall", "adversarial", "discriminator"} <= rows[-1].keys()
    assert ("p" in rows[-1]) == (augment in ("adaptive", "ada"))
    g = gan_nets.load(tmp_path / "generator")
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(0)
        first = g(torch.randn(32, g.latents))[0]  # with the noise of its layers, if there is any
    with Image.open(tmp_path / "pictures" / "00.png") as written:
        pixels = torch.frombuffer(bytearray(written.tobytes()), dtype=torch.uint8).view(64, 64, 3)
    assert (pixels.permute(2, 0, 1) - ((first.clamp(-1, 1) + 1) * 127.5)).abs().max() <= 1
    assert len(list((tmp_path / "walk").glob("*.png"))) == generation.WALK[0] * generation.WALK[1]
    assert (tmp_path / "walk.webp").exists()


def test_classes_are_the_folders_and_reach_both_networks(recipe, train, animals, tmp_path):
    train(recipe, "paper", tmp_path, data=animals, labels=True, steps=1, evaluate_every=1, **SMALL)
    g = gan_nets.load(tmp_path / "generator")
    z = torch.randn(1, g.latents).expand(2, -1)
    one, other = g(z, torch.tensor([0, 1]))
    assert g.classes == 2
    assert not torch.equal(one, other)
    stored = weights(tmp_path, 1)
    assert any("d.heads" in name and "classes.0.weight" in name for name in stored)
    assert json.loads((tmp_path / "settings.json").read_text())["settings"]["classes"] == ["first", "second"]


def test_resuming_equals_an_uninterrupted_run_the_probability_included(
    recipe, train, run_until, animals, tmp_path
):
    changes = {"data": animals, "augment": "ada", "images_to_full": 20, "patience": 9, **SMALL}
    changes |= {"steps": 6, "evaluate_every": 2}
    train(recipe, "paper", tmp_path / "whole", **changes)
    run_until(recipe, 6, "paper", tmp_path / "killed", **changes)
    train(recipe, "paper", tmp_path / "killed", **changes)
    expected, got = weights(tmp_path / "whole", 6), weights(tmp_path / "killed", 6)
    assert got.keys() == expected.keys()
    assert all(torch.equal(got[name], tensor) for name, tensor in expected.items())
    (p,) = [name for name in expected if name.endswith(".augmentation.augment.p")]
    assert 0 < expected[p] < 1


def test_without_an_average_the_weights_themselves_generate(recipe, train, animals, tmp_path):
    changes = {"ema": False, "r1_weight": 1e-3, "blur": (2.0, 9), **SMALL}
    train(recipe, "paper", tmp_path, data=animals, steps=2, evaluate_every=2, **changes)
    (row,) = read_scalars(tmp_path / "scalars.jsonl")
    assert row["r1"] > 0  # of the first of both steps
    stored = weights(tmp_path, 2)
    pairs = [(name, name.replace(".ema.average.", ".g.")) for name in stored if ".ema.average." in name]
    assert len(pairs) > 10
    assert all(torch.equal(stored[mine], stored[theirs]) for mine, theirs in pairs)


def test_the_blur_smooths_and_fades_to_nothing(recipe):
    image = torch.rand(1, 3, 32, 32)
    assert recipe.blurred(image, 0.0) is image
    assert recipe.blurred(image, 2.0).var() < 0.1 * image.var()
    dot = torch.zeros(1, 3, 33, 33)
    dot[..., 16, 16] = 1.0
    weights = recipe.blurred(dot, 4.0)[0, 0, 16]
    assert weights[20].item() == pytest.approx(weights[16].item() / 2, rel=1e-4)


CONDITIONAL = "--labels expects --discriminator projected and a --generator other than dcgan"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"labels": True, "generator": "dcgan"}, CONDITIONAL),
        ({"labels": True, "discriminator": "dcgan"}, CONDITIONAL),
        ({"labels": True, "discriminator": "fastgan"}, CONDITIONAL),
        (
            {"augment": "none", "images_to_full": 5},
            "--images-to-full expects --augment adaptive or ada; got none",
        ),
        ({"blur": (22.0, 9)}, "--blur must begin below a third of --size; got 22.0"),
        (
            {"blur": (0.0, 9)},
            "--blur must be 2 values: a number above 0, a whole number of at least 1, or left out; got 0.0 9",
        ),
        (
            {"size": 300},
            "--size must be a power of 2 from 64 to 1024 with --generator fastgan-lite; got 300",
        ),
        ({"judge": "lite0"}, "--judge must be another network than --backbone; got lite0 for both"),
        ({"samples": 3}, "--samples must be above 3, the neighbors compared; got 3"),
        ({}, "--data is missing; this preset expects a folder of images"),
    ],
)
def test_wrong_use_ends_in_one_sentence(recipe, mistake, tmp_path, changes, sentence):
    code, error = mistake(recipe, "paper", out=tmp_path / "out", **SMALL | changes)
    assert (code, error) == (2, f"error: {sentence}")
    assert not (tmp_path / "out").exists()


def test_the_preset_for_portraits_takes_those_of_the_repository(
    recipe, train, few_portraits, tmp_path, monkeypatch
):
    monkeypatch.setattr(recipe, "portraits", lambda: few_portraits)
    train(recipe, "portraits", tmp_path, steps=2, evaluate_every=1, **SMALL)
    settings = json.loads((tmp_path / "settings.json").read_text())["settings"]
    assert (settings["lr"], settings["augment"], settings["patience"]) == (2e-4, "ada", 10)
    assert recipe.PRESETS["portraits"].resize == "official"
    (net,) = tmp_path.glob("generator/model.safetensors")
    assert gan_nets.load(net.parent).size == 64
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 32


@pytest.mark.parametrize("preset", ["animals", "portraits"])
def test_data_goes_with_another_preset(recipe, mistake, animals, preset):
    code, error = mistake(recipe, preset, data=animals)
    sentence = "--data expects another preset, such as: projected_gan.py paper --data FOLDER"
    assert (code, error) == (2, f"error: {sentence}")


def folder_of(root, kinds):
    """An image in each of these folders."""
    for number, kind in enumerate(kinds):
        (root / kind).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(root / kind / f"{number}.png")
    return root


def test_classes_are_sorted_folders_below_data(generation, tmp_path):
    root = folder_of(tmp_path / "data", ["cats/small", "dogs", "cats/large", "dogs"])
    dataset, _ = generation.find_images_and_labels(root, 64, labels=True)
    assert dataset.class_names == ["cats/large", "cats/small", "dogs"]
    classes = {
        path.parent.name: number for path, number in zip(dataset.images.paths, dataset.labels, strict=True)
    }
    assert classes == {"large": 0, "small": 1, "dogs": 2}
    assert [number for _, number in dataset] == dataset.labels


@pytest.mark.parametrize("kinds", [["dogs", "dogs"], [".", "dogs"]])
def test_classes_need_folders_of_their_own(recipe, mistake, tmp_path, kinds):
    root = folder_of(tmp_path / "data", kinds)
    code, error = mistake(recipe, "paper", data=root, labels=True, out=tmp_path / "out", **SMALL)
    assert code == 2
    assert error.startswith("error: --labels expects each image in the folder of its class, and two folders")
    assert error.endswith(f"got {', '.join(sorted(set(kinds)))}")


def test_evaluations_take_no_random_numbers_from_the_training(recipe, train, animals, tmp_path):
    changes = {"data": animals, "generator": "stylegan2", "steps": 2, **SMALL}
    for name, every in (("often", 1), ("seldom", 2)):
        train(recipe, "paper", tmp_path / name, evaluate_every=every, **changes)
    often, seldom = weights(tmp_path / "often", 2), weights(tmp_path / "seldom", 2)
    assert all(torch.equal(often[name], seldom[name]) for name in often if ".g." in name)


def test_two_processes_generate_and_measure_the_same_samples_as_one(
    recipe, train, two_processes, words, animals, tmp_path
):
    changes = {"data": animals, "generator": "stylegan2", "lr": 1e-30, "steps": 1, **SMALL, "samples": 20}
    two_processes(recipe.__file__, "paper", *words(out=tmp_path / "two", **changes))
    train(recipe, "paper", tmp_path / "one", **changes)
    (one,), (two,) = (read_scalars(tmp_path / name / "scalars.jsonl") for name in ("one", "two"))
    for score in ("frechet_distance", "precision", "recall"):
        assert two[score] == pytest.approx(one[score], rel=1e-5), score


def test_an_average_moves_once_per_step_of_several_batches(recipe, train, animals, tmp_path):
    train(recipe, "paper", tmp_path, data=animals, accumulate=2, steps=3, evaluate_every=3, **SMALL)
    stored = (tmp_path / "checkpoints" / "00000003" / "shared.json").read_text()
    assert '["_extra_state", 3]' in stored


class Negative(torch.nn.Module):
    """An augmentation that notes its inputs."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, images):
        self.seen.append(images)
        return -images


def test_a_steps_losses_are_equation_2_on_augmented_images(recipe, train, animals, tmp_path, monkeypatch):
    """By hand from the logits of the step: as hinge losses, summed over the discriminators."""
    calls, updates, logged, negative = [], [], {}, Negative()
    build, update, log = recipe.build, Run.update, Run.log

    def build_and_note(*arguments):
        training = build(*arguments)
        training.d.register_forward_hook(lambda _, inputs, logits: calls.append((inputs[0], logits)))
        return training

    def update_and_note(run, optimizer, loss):
        updates.append(loss.item())
        update(run, optimizer, loss)

    def log_and_note(run, terms):
        logged.update(terms)
        log(run, terms)

    monkeypatch.setattr(recipe, "build_augmentation", lambda *_, **__: negative)
    monkeypatch.setattr(recipe, "build", build_and_note)
    monkeypatch.setattr(Run, "update", update_and_note)
    monkeypatch.setattr(Run, "log", log_and_note)
    train(recipe, "paper", tmp_path, data=animals, steps=1, **SMALL)
    fake, real, again = negative.seen
    assert torch.equal(fake, again)
    assert not torch.equal(fake, real)
    for (shown, _), images in zip(calls, negative.seen, strict=True):
        assert torch.equal(shown, -images)
    of_generator, on_real, on_fake = (logits for _, logits in calls)
    adversarial = sum(-scale.mean() for scale in of_generator)
    discriminator = sum((1 - scale).relu().mean() for scale in on_real)
    discriminator += sum((1 + scale).relu().mean() for scale in on_fake)
    assert logged["adversarial"].item() == pytest.approx(adversarial.item())
    assert logged["discriminator"].item() == pytest.approx(discriminator.item())
    assert updates == [logged["adversarial"].item(), logged["discriminator"].item()]
