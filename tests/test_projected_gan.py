"""Projected GAN's recipe: its players by name, augmentations that adapt, resuming, bad input."""

import json
import shutil
from pathlib import Path

import gan_nets
import pytest
import torch
from gan_trainers import read_scalars
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
def test_players_by_name_leave_what_the_recipe_promises(
    recipe, animals, tmp_path, generator, discriminator, augment
):
    players = {"generator": generator, "discriminator": discriminator, "augment": augment}
    recipe.main(animals, tmp_path, **players, steps=2, validate_every=1, **SMALL)
    rows = read_scalars(tmp_path / "scalars.jsonl")
    assert {"frechet_distance", "precision", "recall", "adversarial", "discriminator"} <= rows[-1].keys()
    assert ("p" in rows[-1]) == (augment in ("adaptive", "ada"))
    g = gan_nets.load(tmp_path / "generator")
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(0)
        first = g(torch.randn(32, g.latents))[0]  # with the noise between its layers, if there is any
    with Image.open(tmp_path / "pictures" / "00.png") as written:
        pixels = torch.frombuffer(bytearray(written.tobytes()), dtype=torch.uint8).view(64, 64, 3)
    assert (pixels.permute(2, 0, 1) - ((first.clamp(-1, 1) + 1) * 127.5)).abs().max() <= 1
    assert len(list((tmp_path / "walk").glob("*.png"))) == recipe.WALK[0] * recipe.WALK[1]
    assert (tmp_path / "walk.webp").exists()


def test_classes_are_the_folders_and_reach_both_players(recipe, animals, tmp_path):
    recipe.main(animals, tmp_path, labels=True, steps=1, validate_every=1, **SMALL)
    g = gan_nets.load(tmp_path / "generator")
    z = torch.randn(1, g.latents).expand(2, -1)
    one, other = g(z, torch.tensor([0, 1]))
    assert g.classes == 2
    assert not torch.equal(one, other)
    kept = weights(tmp_path, 1)
    assert any("d.heads" in name and "classes.0.weight" in name for name in kept)
    assert json.loads((tmp_path / "settings.json").read_text())["settings"]["classes"] == ["first", "second"]


def test_resuming_equals_an_uninterrupted_run_the_probability_included(recipe, run_until, animals, tmp_path):
    options = {
        "augment": "ada",
        "images_to_full": 20,
        "steps": 6,
        "validate_every": 2,
        "patience": 9,
        **SMALL,
    }
    recipe.main(animals, tmp_path / "whole", **options)
    run_until(recipe, 6, animals, tmp_path / "killed", **options)
    recipe.main(animals, tmp_path / "killed", **options)
    expected, got = weights(tmp_path / "whole", 6), weights(tmp_path / "killed", 6)
    assert got.keys() == expected.keys()
    assert all(torch.equal(got[name], tensor) for name, tensor in expected.items())
    (p,) = [name for name in expected if name.endswith("augment.augment.p")]
    assert 0 < expected[p] < 1


def test_without_an_average_the_weights_themselves_draw(recipe, animals, tmp_path):
    recipe.main(animals, tmp_path, ema=False, steps=2, validate_every=2, **SMALL)
    kept = weights(tmp_path, 2)
    pairs = [(name, name.replace(".average.average.", ".g.")) for name in kept if ".average.average." in name]
    assert len(pairs) > 10
    assert all(torch.equal(kept[mine], kept[theirs]) for mine, theirs in pairs)


def test_it_stops_when_the_distance_has_risen_for_good(recipe, animals, tmp_path, monkeypatch):
    found = iter([3.0, 4.0, 5.0, 6.0, 7.0])
    monkeypatch.setattr(recipe, "measure", lambda *_: {"frechet_distance": next(found)})
    recipe.main(animals, tmp_path, steps=5, validate_every=1, patience=2, **SMALL)
    assert [row["step"] for row in read_scalars(tmp_path / "scalars.jsonl")][-1] == 3
    recipe.main(animals, tmp_path, steps=5, validate_every=1, patience=2, **SMALL)  # has stopped already
    assert [row["step"] for row in read_scalars(tmp_path / "scalars.jsonl")][-1] == 3
    assert (tmp_path / "checkpoints" / "best").read_text().strip() == "00000001"
    assert (tmp_path / "samples.png").exists()


def test_the_article_compares_the_hinge_losses(recipe):
    judged = recipe.Judged([torch.tensor([2.0, 0.5]), torch.tensor([-1.0])], [torch.tensor([-3.0, 0.0])])
    real, fake = recipe.sides(judged)
    assert real.item() == pytest.approx((0 + 0.5 + 2) / 3)
    assert fake.item() == pytest.approx((0 + 1) / 2)


def test_the_blur_smooths_and_fades_to_nothing(recipe):
    picture = torch.rand(1, 3, 32, 32)
    assert recipe.blurred(picture, 0.0) is picture
    assert recipe.blurred(picture, 2.0).var() < 0.1 * picture.var()
    dot = torch.zeros(1, 3, 33, 33)
    dot[..., 16, 16] = 1.0
    weights = recipe.blurred(dot, 4.0)[0, 0, 16]
    assert weights[20].item() == pytest.approx(weights[16].item() / 2, rel=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": True, "generator": "dcgan"}, "--labels expects another generator than dcgan"),
        ({"labels": True, "discriminator": "dcgan"}, "--labels expects --discriminator projected"),
        (
            {"augment": "none", "images_to_full": 5},
            "--images-to-full expects --augment adaptive or ada; got none",
        ),
        ({"blur_sigma": 2.0}, "--blur-sigma expects --blur-images"),
        ({"blur_sigma": 22.0, "blur_images": 9}, "expected a --blur-sigma below 21, a third of the size"),
        ({"samples": 3}, "expected more than 3 --samples, to compare them; got 3"),
    ],
)
def test_what_does_not_go_together_is_refused_in_a_sentence(recipe, animals, tmp_path, options, message):
    with pytest.raises(SystemExit, match=f"error: {message}"):
        recipe.main(animals, tmp_path, **{"steps": 1, **SMALL, **options})


def test_classes_need_folders_of_their_own(recipe):
    assert recipe.names_of(["cats/small", "dogs", "cats/large", "dogs"]) == [
        "cats/large",
        "cats/small",
        "dogs",
    ]
    for kinds in (["dogs", "dogs"], [".", "dogs"]):
        with pytest.raises(SystemExit, match="error: --labels expects every picture in a folder of its kind"):
            recipe.names_of(kinds)


def test_measuring_draws_nothing_from_the_chance_of_the_training(recipe, animals, tmp_path):
    options = {**SMALL, "generator": "stylegan2", "steps": 2}
    for name, every in (("often", 1), ("seldom", 2)):
        recipe.main(animals, tmp_path / name, validate_every=every, **options)
    often, seldom = weights(tmp_path / "often", 2), weights(tmp_path / "seldom", 2)
    assert all(torch.equal(often[name], seldom[name]) for name in often if ".g." in name)


def test_two_processes_draw_and_measure_what_one_does(recipe, launch, animals, tmp_path):
    options = {**SMALL, "generator": "stylegan2", "lr": 1e-30, "steps": 1, "samples": 20}
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
    script = Path(recipe.__file__)
    together = launch(
        *["--multi_gpu", "--num_processes", 2, script, "--data", animals, "--out", tmp_path / "two", *words],
        ACCELERATE_USE_CPU="true",
    )
    assert together.returncode == 0, together.stderr
    recipe.main(animals, tmp_path / "one", **options)
    (one,), (two,) = (read_scalars(tmp_path / name / "scalars.jsonl") for name in ("one", "two"))
    for score in ("frechet_distance", "precision", "recall"):
        assert two[score] == pytest.approx(one[score], rel=1e-5), score


def test_an_average_moves_once_a_step_however_many_batches_that_has(recipe, animals, tmp_path):
    recipe.main(animals, tmp_path, accumulate=2, steps=3, validate_every=3, **SMALL)
    kept = (tmp_path / "checkpoints" / "00000003" / "shared.json").read_text()
    assert '["_extra_state", 3]' in kept


def test_the_claims_page_has_the_speed_up_by_hand(example, tmp_path):
    arms = example("projected_gan_arms")
    distances = {
        "projected-0": [9, 5, 4],
        "dcgan-0": [10, 8, 5],
        "projected-1": [9, 9, 9],
        "dcgan-1": [9, 7, 6],
    }
    for name, column in distances.items():
        folder = tmp_path / name
        write_image_of_each(folder / "pictures")
        rows = [
            {
                "step": i,
                "seconds": 10.0 * i,
                "images": 8 * i,
                "frechet_distance": x,
                "precision": 0.5,
                "recall": 0.25,
            }
            for i, x in enumerate(column, 1)
        ]
        (folder / "scalars.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    runs = {arm: [arms.folder(tmp_path, arm, seed) for seed in (0, 1)] for arm in ("projected", "dcgan")}
    arms.write_page(runs, tmp_path / "page", "3 steps")
    page = (tmp_path / "page" / "README.md").read_text()
    # The first seed is at dcgan's 5 after 2 of its 3 measurements, the second never at its 6.
    assert "1.5, 0.0 in pictures and 1.5, 0.0 in" in page
    assert "0.8 times fewer pictures" in page
    assert "| projected-0 | 4 | 24 | 30 | 4 | 0.50 | 0.25 |" in page
    assert {file.name for file in (tmp_path / "page").glob("*.png")} == {
        *("images.png", "seconds.png", "curves.png", "projected.png", "dcgan.png")
    }


def write_image_of_each(folder):
    folder.mkdir(parents=True)
    for number in range(16):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(folder / f"{number:02d}.png")
