"""StyleGAN2's recipe: its terms by hand, lazy regularization, style mixing, resuming, classes, mistakes."""

from dataclasses import replace

import gan_nets
import pytest
import torch
from gan_trainers import Run, read_scalars
from safetensors.torch import load_file

SMALL = {
    "size": 8, "latents": 4, "styles": 6, "mapping_layers": 2, "base_channels": 32, "batch_size": 2,
    "samples": 6, "evaluate_every": 2, "steps": 4, "r1_every": 2, "path_every": 3,
}  # fmt: skip


@pytest.fixture(scope="module")
def recipe(example):
    return example("stylegan2")


class MeanLogit(torch.nn.Module):
    def forward(self, images, scale=1.0):
        return scale * images.mean((1, 2, 3))[:, None]


def test_the_discriminators_terms_by_hand(recipe):
    real, fake = torch.full((2, 3, 4, 4), 0.5), torch.full((2, 3, 4, 4), -0.25)
    terms, logits = recipe.discriminator_terms(MeanLogit(), real, fake, torch.tensor(2.0), weight=3.0)
    softplus = torch.nn.functional.softplus(torch.tensor([-1.0, -0.5])).sum().item()
    assert [side.flatten().tolist() for side in logits] == [[1.0, 1.0], [-0.5, -0.5]]
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(
        {"discriminator": softplus, "r1": 3 * 48 * (2 / 48) ** 2}
    )
    assert recipe.discriminator_terms(MeanLogit(), real, fake, weight=0.0)[0].keys() == {"discriminator"}


def test_a_lazy_regularization_has_the_same_weight_on_average(recipe):
    weights = [recipe.lazy(0.5, 4, step) for step in range(1, 9)]
    assert weights == [2.0, 0, 0, 0, 2.0, 0, 0, 0]
    assert sum(weights) == 8 * 0.5


def test_style_mixing_gives_the_later_layers_another_style(recipe, tmp_path):
    g = gan_nets.StyleGAN2Generator(16, latents=4, styles=6, base_channels=32).eval()
    run = Run(tmp_path / "run")
    images, styles = recipe.generated(run, g, 2, mixing=0.0)
    assert images.shape == (2, 3, 16, 16)
    assert torch.equal(styles, styles[:, :1].expand_as(styles))
    mixed = [recipe.generated(run, g, 2, mixing=1.0)[1] for _ in range(20)]
    changes = {int((each[0] != each[0, 0]).any(1).nonzero()[0]) for each in mixed}  # the first mixed layer
    assert 0 not in changes
    assert len(changes) > 2


@pytest.fixture(scope="module")
def whole(recipe, train, photos, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole")
    train(recipe, "ada", out, data=photos, **SMALL)
    return out


def state(out):
    return load_file(out / "checkpoints" / "00000004" / "shared.safetensors")


def test_a_run_logs_its_terms_and_writes_its_generator(whole):
    rows = read_scalars(whole / "scalars.jsonl")
    logged = {"adversarial", "path_length", "discriminator", "r1", "p", "frechet_distance", "recall"}
    assert logged <= set().union(*rows)
    net = gan_nets.load(whole / "generator")
    assert net(torch.zeros(2, 4)).shape == (2, 3, 8, 8)
    assert (whole / "samples.png").exists()
    assert any("path" in name and tensor.numel() == 1 and tensor > 0 for name, tensor in state(whole).items())


def test_resuming_equals_an_uninterrupted_run(recipe, train, run_until, photos, whole, tmp_path):
    run_until(recipe, 4, "ada", tmp_path, data=photos, **SMALL)
    train(recipe, "ada", tmp_path, data=photos, **SMALL)
    expected, got = state(whole), state(tmp_path)
    assert got.keys() == expected.keys()
    assert all(torch.equal(got[name], tensor) for name, tensor in expected.items())


def test_the_generator_with_the_least_distance_is_written(whole):
    best = int((whole / "checkpoints/best").read_text())
    averages = {step: gan_nets.load(whole / "checkpoints" / f"{step:08d}", "g") for step in (2, 4)}
    z = torch.randn(2, 4)
    images = {step: average(z, noise="none") for step, average in averages.items()}
    assert not torch.equal(images[2], images[4])
    assert torch.equal(gan_nets.load(whole / "generator")(z, noise="none"), images[best])


def test_classes_accumulated_batches_and_no_regularization(recipe, train, photos, tmp_path):
    root = tmp_path / "data"
    for number, file in enumerate(sorted(photos.iterdir())):
        folder = root / ("odd" if number % 2 else "even")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / file.name).write_bytes(file.read_bytes())
    changes = {"steps": 2, "accumulate": 2, "r1_weight": 0.0, "path_weight": 0.0, "style_mixing": 0.0}
    train(recipe, "paper", tmp_path / "out", data=root, labels=True, **SMALL | changes)
    assert not {"r1", "path_length", "p"} & set().union(*read_scalars(tmp_path / "out/scalars.jsonl"))
    assert gan_nets.load(tmp_path / "out/generator").classes == 2


@pytest.mark.parametrize(("images", "full"), [(300, 100), (9_000_000, 500_000)])
def test_adas_probability_rises_within_the_run(recipe, images, full):
    options = recipe.Options(augment="ada", **{"size": 8, "base_channels": 32})
    training = recipe.build(options, classes=0, steps=images // 2, images_per_step=2)
    for _ in range(4):  # p changes at every fourth call
        training.augmentation.adjust(torch.tensor(1.0), images=full // 10)
    assert training.augmentation.p == pytest.approx(0.4)
    for augment in ("none", "diffaugment"):  # also of a preset that has ada
        replace(recipe.PRESETS["portraits"], augment=augment)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"size": 48}, "--size must be a power of 2 from 8 to 1024; got 48"),
        ({"samples": 3}, "--samples must be above 3, the neighbors compared; got 3"),
        (
            {"images_to_full": 5, "augment": "diffaugment"},
            "--images-to-full expects --augment ada; got diffaugment",
        ),
        ({"r1_every": 0}, "--r1-every must be a whole number of at least 1; got 0"),
        ({"style_mixing": 1.0}, "--style-mixing must be a number of at least 0 and below 1; got 1.0"),
        (
            {"portraits": True, "data": "faces"},
            "--data expects another preset, such as: stylegan2.py paper --data FOLDER",
        ),
    ],
)
def test_wrong_use_ends_in_one_sentence(recipe, mistake, tmp_path, changes, sentence):
    code, error = mistake(recipe, "paper", out=tmp_path / "out", **SMALL | changes)
    assert (code, error) == (2, f"error: {sentence}")
    assert not (tmp_path / "out").exists()
