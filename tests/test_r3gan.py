"""R3GAN's recipe: its terms by hand, the burn-in, augmentation, resuming, classes, mistakes."""

import math

import gan_nets
import pytest
import torch
from gan_augment import ADA, DiffAugment
from gan_trainers import read_scalars
from safetensors.torch import load_file

SMALL = {
    "size": 8, "latents": 4, "base_channels": 64, "batch_size": 2, "samples": 6, "evaluate_every": 2,
    "steps": 4, "burn_in": 6, "ema_images": (0, 8), "judge_weights": "random",
}  # fmt: skip


@pytest.fixture(scope="module")
def recipe(example):
    return example("r3gan")


class MeanLogit(torch.nn.Module):
    def forward(self, images, scale=1.0):
        return scale * images.mean((1, 2, 3))[:, None]


def test_the_discriminators_terms_by_hand(recipe):
    real = torch.stack([torch.full((3, 4, 4), value) for value in (0.5, 1.0)])
    fake = torch.stack([torch.full((3, 4, 4), value) for value in (-0.25, 2.0)])
    terms, logits = recipe.discriminator_terms(MeanLogit(), real, fake, torch.tensor(2.0), gamma=3.0)
    assert [side.flatten().tolist() for side in logits] == [[1.0, 2.0], [-0.5, 4.0]]
    pairs = (math.log1p(math.exp(-1.5)) + math.log1p(math.exp(2.0))) / 2  # f(real - fake), each with its own
    penalty = 1.5 * 48 * (2 / 48) ** 2
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(
        {"discriminator": pairs, "r1": penalty, "r2": penalty}
    )
    assert recipe.discriminator_terms(MeanLogit(), real, fake, gamma=0.0)[0].keys() == {"discriminator"}


class SquareLogit(torch.nn.Module):
    def forward(self, images):
        return images.square().sum((1, 2, 3))[:, None] / 2  # its gradient is the image


def test_r1_is_of_real_images_and_r2_of_fake_ones(recipe):
    real, fake = torch.full((2, 3, 4, 4), 0.5), torch.full((2, 3, 4, 4), -0.25)
    terms, _ = recipe.discriminator_terms(SquareLogit(), real, fake, gamma=2.0)
    assert terms["r1"].item() == pytest.approx(48 * 0.25)
    assert terms["r2"].item() == pytest.approx(48 * 0.0625)


def test_a_cosine_leads_from_the_first_value_to_the_last(recipe):
    values = [recipe.scheduled((150.0, 15.0), step, 5) for step in range(1, 9)]
    half = 135 / 2
    expected = [15 + half * (1 + math.cos(math.pi * done / 5)) for done in range(5)] + [15] * 3
    assert values == pytest.approx(expected)
    assert [recipe.scheduled((0.9, 0.99), step, 0) for step in (1, 2)] == [0.99, 0.99]  # no burn-in
    assert [recipe.scheduled((0.0, 0.3), step, 1) for step in (1, 2)] == [0.0, 0.3]


def test_the_papers_numbers(recipe):
    """Table 9, of FFHQ at 256x256 and 64x64, and CIFAR-10."""
    shown = {
        name: (each.gamma, each.ema_images[1], each.augment_p[1], each.images, each.batch_size or 256)
        for name, each in recipe.PRESETS.items()
    }
    assert shown["paper"] == ((150, 15), 500_000, 0.3, 200_000_000, 256)
    assert shown["ffhq64"] == ((2, 0.2), 500_000, 0.3, 100_000_000, 256)
    assert shown["cifar"] == ((0.05, 0.005), 5_000_000, 0.55, 250_000_000, 512)
    assert recipe.PRESETS["cifar"].labels


def test_everything_that_has_a_schedule_follows_it(recipe, train, photos, tmp_path, monkeypatch):
    seen, follow = [], recipe.follow_schedules

    def follow_and_note(run, t, options, images_per_step):
        gamma = follow(run, t, options, images_per_step)
        for optimizer in (t.opt_g, t.opt_d):
            (group,) = optimizer.param_groups
            seen.append((gamma, group["lr"], *group["betas"], t.ema.half_life, t.augmentation.p.item()))
        return gamma

    monkeypatch.setattr(recipe, "follow_schedules", follow_and_note)
    changes = SMALL | {"gamma": (4.0, 2.0), "lr": (2e-3, 1e-3), "augment_p": (0.0, 0.5), "burn_in": 4}
    train(recipe, "paper", tmp_path, data=photos, **changes | {"evaluate_every": 4})
    assert seen[::2] == seen[1::2]  # both optimizers
    first, second, *later = (pytest.approx(values) for values in seen[::2])
    assert first == (4.0, 2e-3, 0.0, 0.9, 0.0, 0.0)  # a burn-in of 2 steps
    assert second == (3.0, 1.5e-3, 0.0, 0.945, 2.0, 0.25)
    assert later == [(2.0, 1e-3, 0.0, 0.99, 4.0, 0.5)] * 2
    (row,) = read_scalars(tmp_path / "scalars.jsonl")
    assert row["p"] == pytest.approx((0.0 + 0.25 + 0.5 + 0.5) / 4)


def test_augmentations_by_name(recipe):
    paper = recipe.build(recipe.Options(size=8), classes=0).augmentation
    assert isinstance(paper, ADA)
    assert paper._multipliers["hue"] == paper._multipliers["brightness"] == 0.5
    assert paper._multipliers["rotation"] == paper._multipliers["cutout"] == 1
    assert "noise" not in paper._multipliers
    others = [recipe.Options(size=8, augment=name) for name in ("diffaugment", "none")]
    kinds = [type(recipe.build(each, classes=0).augmentation) for each in others]
    assert kinds == [DiffAugment, torch.nn.Identity]


@pytest.fixture(scope="module")
def whole(recipe, train, photos, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole")
    train(recipe, "paper", out, data=photos, **SMALL)
    return out


def state(out, step=4):
    return load_file(out / "checkpoints" / f"{step:08d}" / "shared.safetensors")


def test_a_run_logs_its_terms_and_writes_its_generator(whole):
    rows = read_scalars(whole / "scalars.jsonl")
    logged = {"adversarial", "discriminator", "r1", "r2", "p", "real_logits", "frechet_distance", "recall"}
    assert logged <= set().union(*rows)
    net = gan_nets.load(whole / "generator")
    assert net(torch.zeros(2, 4)).shape == (2, 3, 8, 8)
    assert (whole / "samples.png").exists()
    best = int((whole / "checkpoints/best").read_text())
    average = gan_nets.load(whole / "checkpoints" / f"{best:08d}", "g")
    z = torch.randn(2, 4)
    assert torch.equal(net(z), average(z))


def test_resuming_in_the_burn_in_equals_an_uninterrupted_run(
    recipe, train, run_until, photos, whole, tmp_path
):
    run_until(recipe, 4, "paper", tmp_path, data=photos, **SMALL)  # its last checkpoint is in the burn-in
    train(recipe, "paper", tmp_path, data=photos, **SMALL)
    expected, got = state(whole), state(tmp_path)
    assert got.keys() == expected.keys()
    assert all(torch.equal(got[name], tensor) for name, tensor in expected.items())


def test_both_networks_learn_and_the_average_lags_behind(whole):
    first, last = state(whole, 2), state(whole, 4)
    for name in (".g.basis", ".d.from_image.weight", ".g.stages.0.0.reduce.weight"):
        (key,) = [key for key in last if key.endswith(name)]
        assert not torch.equal(first[key], last[key])
    assert any(
        not torch.equal(tensor, last[key.replace(".ema.average.", ".g.")])
        for key, tensor in last.items()
        if ".ema.average." in key
    )


def test_classes_accumulated_batches_and_no_penalty(recipe, train, photos, tmp_path):
    root = tmp_path / "data"
    for number, file in enumerate(sorted(photos.iterdir())):
        folder = root / ("odd" if number % 2 else "even")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / file.name).write_bytes(file.read_bytes())
    changes = {"steps": 2, "accumulate": 2, "gamma": (0.0, 0.0), "augment": "none", "blocks": 1}
    train(recipe, "paper", tmp_path / "out", data=root, labels=True, **SMALL | changes)
    assert not {"r1", "r2", "p"} & set().union(*read_scalars(tmp_path / "out/scalars.jsonl"))
    net = gan_nets.load(tmp_path / "out/generator")
    assert net.classes == 2
    z = torch.randn(1, 4).expand(2, -1)
    assert not torch.equal(*net(z, torch.tensor([0, 1])))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"size": 48}, "--size must be a power of 2 from 8 to 1024; got 48"),
        ({"samples": 3}, "--samples must be above 3, the neighbors compared; got 3"),
        (
            {"gamma": (1.0, -1.0)},
            "--gamma must be 2 values: a number of at least 0, a number of at least 0; got 1.0 -1.0",
        ),
        (
            {"portraits": True, "data": "faces"},
            "--data expects another preset, such as: r3gan.py paper --data FOLDER",
        ),
        ({}, "--data is missing; this preset expects a folder of images"),
    ],
)
def test_wrong_use_ends_in_one_sentence(recipe, mistake, tmp_path, changes, sentence):
    code, error = mistake(recipe, "paper", out=tmp_path / "out", **SMALL | changes)
    assert (code, error) == (2, f"error: {sentence}")
    assert not (tmp_path / "out").exists()
