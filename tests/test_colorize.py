"""The colouriser end to end: every arm learns, stops, goes on, and meets bad input with one sentence."""

import json
import shutil
from pathlib import Path

import gan_nets
import pytest
import torch
from gan_data import read_image
from gan_nets import Usage
from gan_trainers import plain_errors, read_scalars
from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "examples"
ARMS = ["ycrcb-rgb", "ycrcb-ycrcb", "rgb-rgb-gray", "rgb-rgb", "lab-lab"]
SMALL = {"size": 32, "width": 4, "batch_size": 2}


@pytest.fixture(scope="module")
def colorize(example):
    return example("colorize")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Twelve real photographs."""
    folder = tmp_path_factory.mktemp("photos")
    for file in sorted((EXAMPLES / "images" / "flowers" / "testB").glob("*.png"))[:12]:
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


@pytest.mark.parametrize("colors", ARMS)
def test_each_arm_trains_and_leaves_what_it_promises(colorize, photos, tmp_path, colors):
    colorize.main(data=photos, out=tmp_path, colors=colors, steps=3, validation=0.3, **SMALL)
    (row,) = read_scalars(tmp_path / "scalars.jsonl")
    assert row["step"] == 3
    assert {"discriminator", "adversarial", "pixel", "psnr", "ssim", "colorfulness"} <= row.keys()
    assert json.loads((tmp_path / "settings.json").read_text())["settings"]["colors"] == colors
    assert Image.open(tmp_path / "curves.png").format == "PNG"
    assert (tmp_path / "previews" / "validation" / "00000003.png").exists()
    gray = read_image(tmp_path / "pictures" / "gray" / "00.png")
    colored = read_image(tmp_path / "pictures" / "colored" / "00.png")
    assert gray.shape[-2:] == colored.shape[-2:] == (32, 32)
    net = gan_nets.load(tmp_path / "colorizer")
    assert net.usage == Usage("colorize", colors.partition("-")[0])
    drawn = net(torch.zeros(1, 1, 64, 32))
    assert drawn.shape == (1, 3 if colors.startswith("rgb") else 2, 64, 32)
    # Before it was finished, the same averaged painter could be loaded from the last checkpoint.
    shutil.rmtree(tmp_path / "colorizer")
    learning = gan_nets.load(tmp_path)
    assert learning.usage == net.usage
    assert torch.equal(learning(torch.zeros(1, 1, 64, 32)), drawn)


@pytest.mark.parametrize("colors", ["ycrcb-rgb", "ycrcb-ycrcb", "lab-lab"])
def test_a_colour_space_with_luma_keeps_the_grey_it_was_given(colorize, photos, colors):
    arm = colorize.ARMS[colors]
    rgb = torch.stack([read_image(file) for file in sorted(photos.iterdir())[:2]])
    gray = arm.gray(rgb)
    picture = arm.picture(gray, torch.zeros(2, 2, 32, 32))
    assert torch.equal(picture[:, :1], gray)
    # No colour in the chroma planes is no colour in RGB.
    red, green, blue = arm.generator.to_rgb(picture).unbind(1)
    assert torch.allclose(red, green, atol=1e-3)
    assert torch.allclose(green, blue, atol=1e-3)


def test_the_losses_are_the_articles(colorize):
    fake, real = torch.zeros(1, 3, 2, 2), torch.zeros(1, 3, 2, 2)
    fake[:, 1] = 0.1  # Cr alone: RGB moves by 1.402 * 0.1 in red and by 0.299 * 1.402 / 0.587 * 0.1 in green
    rgb = (1.402 * 0.1 + 0.299 * 1.402 / 0.587 * 0.1) / 3
    expected = 75 * 0.05 + 25 * rgb
    assert colorize.chroma_and_rgb(fake, real).item() == pytest.approx(expected, rel=1e-5)
    assert colorize.chroma(fake, real).item() == pytest.approx(100 * 0.05, rel=1e-5)
    assert colorize.all_planes(fake, real).item() == pytest.approx(100 * 0.1 / 3, rel=1e-5)


def test_resuming_equals_an_uninterrupted_run(colorize, photos, tmp_path):
    options = {"data": photos, "validation": 0.3, "steps": 4, "validate_every": 2, **SMALL}
    colorize.main(out=tmp_path / "whole", **options)
    shutil.copytree(tmp_path / "whole", tmp_path / "killed")
    shutil.rmtree(tmp_path / "killed" / "checkpoints" / "00000004")
    colorize.main(out=tmp_path / "killed", **options)
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
    ("kind", "words"),
    [("empty folder", "expected images"), ("text named png", "broken.png"), ("truncated jpeg", "broken.jpg")],
)
def test_bad_photos_end_in_one_sentence(colorize, photos, tmp_path, capsys, kind, words):
    folder = tmp_path / "bad"
    corrupt(folder, photos, kind)
    with pytest.raises(SystemExit) as exit_, plain_errors():
        colorize.main(data=folder, out=tmp_path / "out", steps=1, validation=0.3, **SMALL)
    assert exit_.value.code == 1
    complaint = capsys.readouterr().err.strip().splitlines()[-1]
    assert complaint.startswith("error: ")
    assert words in complaint


def test_a_checkpoint_of_another_width_ends_in_one_sentence(colorize, photos, tmp_path, capsys):
    options = {"data": photos, "out": tmp_path, "steps": 1, "size": 32, "batch_size": 2, "validation": 0.3}
    colorize.main(**options, width=4)
    with pytest.raises(SystemExit), plain_errors():
        colorize.main(**options, width=8)
    complaint = capsys.readouterr().err.strip().splitlines()[-1]
    assert complaint.startswith("error: the checkpoint ")
    assert str(tmp_path) in complaint


def test_two_processes_really_are_two(launch, photos, tmp_path):
    script = str(EXAMPLES / "colorize.py")
    small = ["--size", "32", "--width", "4", "--batch-size", "2", "--steps", "2", "--validation", "0.3"]
    answer = launch(
        *["--multi_gpu", "--num_processes", "2", script, "--data", str(photos), "--out", str(tmp_path)],
        *small,
        ACCELERATE_USE_CPU="true",
    )
    assert "2 processes on cpu" in answer.stderr, answer.stderr
    folder = tmp_path / "checkpoints" / "00000002"
    assert {file.name for file in folder.glob("process-*.json")} == {"process-0.json", "process-1.json"}
    assert read_scalars(tmp_path / "scalars.jsonl")[-1]["images"] == 2 * 2 * 2


def test_a_mistake_on_the_command_line_has_no_traceback(launch, tmp_path):
    (tmp_path / "file").touch()
    script = str(EXAMPLES / "colorize.py")
    answer = launch("--cpu", script, "--out", str(tmp_path / "file" / "run"), "--steps", "1")
    assert answer.returncode != 0
    assert "error: cannot write to" in answer.stderr
    assert "Traceback" not in answer.stderr
