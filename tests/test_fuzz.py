"""Damaged and wrong input of every kind, drawn at random with a fixed seed, bounded in number and in time.

A command may succeed, since a changed byte can leave a sound file. If it fails, its exit code is 1 or 2,
and one sentence names the file or the option: no traceback, no hang.
"""

import io
import json
import random
import runpy
import shutil
import signal
import string
from pathlib import Path

import gan_nets
import pytest
import torch
from gan_data.checking.command import main as gan_data
from gan_nets.commands import main as gan_nets_command
from gan_trainers import plain_errors, run_recipe
from gan_trainers.report.command import main as gan_trainers
from PIL import Image
from safetensors.torch import save

TINY = runpy.run_path(str(Path(__file__).parent / "recipes" / "tiny.py"))["main"]
SECONDS = 30  # for one command; the slowest takes 2 on two cores


@pytest.fixture
def command(capsys):
    """Runs a command in this process; returns its exit code and what it printed, as lines."""

    def give_up(*_):
        raise AssertionError(f"the command hung for {SECONDS} s")

    def run(main, *words):
        capsys.readouterr()
        signal.signal(signal.SIGALRM, give_up)
        signal.alarm(SECONDS)
        try:
            main([str(word) for word in words])
            code = 0
        except SystemExit as end:
            code = end.code or 0
        finally:
            signal.alarm(0)
        printed = capsys.readouterr()
        return code, [*printed.out.splitlines(), *printed.err.splitlines()]

    return run


def damaged(data, draw):
    """Bytes of a file after what disks, downloads and programs do to files."""
    data = bytearray(data)
    kind = draw.choice(["cut", "flip", "zero", "noise", "head", "page", "nothing"])
    at = draw.randrange(len(data))
    if kind == "cut":
        return bytes(data[:at])
    if kind == "flip":
        data[at] ^= 1 << draw.randrange(8)
    if kind == "zero":
        data[at : at + 64] = bytes(len(data[at : at + 64]))
    if kind == "noise":
        data[at : at + 16] = draw.randbytes(len(data[at : at + 16]))
    if kind == "head":
        data[:8] = draw.randbytes(8)
    if kind == "page":
        return b"<!DOCTYPE html><html><body>Not found</body></html>"
    return b"" if kind == "nothing" else bytes(data)


def assert_one_sentence(code, lines, *names):
    """A failure is told in one line that has the file's or option's name; and it says more than the name."""
    if code == 0:
        return
    assert code in (1, 2), lines
    assert not any(line.startswith("Traceback") for line in lines)
    errors = [line for line in lines if line.startswith("error: ")]
    assert errors, lines
    assert any(name in line for line in errors for name in names), (names, errors)
    assert all(len(line.split()) > 4 for line in errors), errors


def pictures():
    """Small files in every common format, by suffix."""
    color = Image.effect_noise((33, 17), 60).convert("RGB")
    files = {}
    for suffix, mode, options in (
        (".png", "RGB", {}),
        (".png", "RGBA", {}),
        (".png", "P", {}),
        (".jpg", "RGB", {}),
        (".jpg", "CMYK", {}),
        (".webp", "RGB", {}),
        (".gif", "P", {}),
        (".bmp", "RGB", {}),
        (".tif", "RGB", {"compression": "tiff_lzw"}),
        (".tif", "L", {}),
    ):
        file = io.BytesIO()
        color.convert(mode).save(file, Image.registered_extensions()[suffix], **options)
        files.setdefault(suffix, []).append(file.getvalue())
    return files


@pytest.mark.parametrize("seed", range(20))
def test_damaged_pictures(command, network, tmp_path, seed):
    draw = random.Random(seed)
    files = pictures()
    suffix = draw.choice(sorted(files))
    file = tmp_path / "photos" / f"photo{suffix}"
    file.parent.mkdir()
    file.write_bytes(damaged(draw.choice(files[suffix]), draw))
    code, lines = command(gan_data, "check", file.parent)
    assert_one_sentence(code, lines, file.name)
    code, lines = command(gan_nets_command, "translate", network, file, "--out", tmp_path / "out")
    assert_one_sentence(code, lines, file.name)
    assert code or any((tmp_path / "out").iterdir())


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("network")
    gan_nets.UNetGenerator(depth=2, width=2).save_pretrained(folder)
    return folder


def values(draw):
    """What a program or a person may write in place of a value."""
    plain = [None, -1, 0, 10**6, 10**30, 1.5, float("nan"), True, "", "x", "../../x", "a" * 10_000]
    nested = [[], [1, 2], {}, {"a": {"b": [{}]}}, json.loads("[" * 400 + "]" * 400)]
    return draw.choice([*plain, *nested])


@pytest.mark.parametrize("seed", range(15))
def test_configs_of_strangers(command, network, tmp_path, seed):
    draw = random.Random(seed)
    folder = shutil.copytree(network, tmp_path / "stranger")
    Image.new("RGB", (16, 16)).save(tmp_path / "photo.png")
    config = json.loads((folder / "config.json").read_text())
    if draw.random() < 0.8:
        config[draw.choice([*config, "unknown"])] = values(draw)
    else:
        config = values(draw)
    (folder / "config.json").write_text(json.dumps(config))
    code, lines = command(
        gan_nets_command, "translate", folder, tmp_path / "photo.png", "--out", tmp_path / "out"
    )
    assert_one_sentence(code, lines, folder.name)


@pytest.mark.parametrize("seed", range(10))
def test_damaged_files_of_networks(command, network, tmp_path, seed):
    draw = random.Random(seed)
    folder = shutil.copytree(network, tmp_path / "stranger")
    file = folder / draw.choice(["config.json", "model.safetensors"])
    file.write_bytes(damaged(file.read_bytes(), draw))
    Image.new("RGB", (16, 16)).save(tmp_path / "photo.png")
    code, lines = command(
        gan_nets_command, "translate", folder, tmp_path / "photo.png", "--out", tmp_path / "out"
    )
    assert_one_sentence(code, lines, folder.name)


def checkpoint(draw):
    """A checkpoint of the original CycleGAN code, stored in a way that people use, and its suffix."""
    state = original_generator()
    if draw.random() < 0.3:
        key = draw.choice(sorted(state))
        state[key] = draw.choice([torch.zeros(3), torch.zeros(2, 3, 5, 5), torch.zeros(0)])
    if draw.random() < 0.2:
        del state[draw.choice(sorted(state))]
    if draw.random() < 0.3:
        return save({key: tensor.contiguous() for key, tensor in state.items()}), ".safetensors"
    parallel = {f"module.{key}": tensor for key, tensor in state.items()}
    sound = [state, parallel, {"state_dict": state, "epoch": 3}, {"model": {"netG": state}}]
    useless = [[state], {"weights": 3}, {}, torch.zeros(3), {"a": {"b": {"c": "text"}}}]
    wrapped = draw.choice([*sound, *useless])
    file = io.BytesIO()
    torch.save(wrapped, file)
    return file.getvalue(), draw.choice([".pth", ".pt", ".ckpt", ".PTH"])


def original_generator(width=4):
    """The tensors of a small generator with one block, by the names of the original CycleGAN code."""
    shapes = {"1": (width, 3, 7), "4": (2 * width, width, 3), "7": (4 * width, 2 * width, 3)}
    shapes |= {f"10.conv_block.{layer}": (4 * width, 4 * width, 3) for layer in (1, 5)}
    state = {f"model.{name}.weight": torch.randn(a, b, k, k) for name, (a, b, k) in shapes.items()}
    state["model.11.weight"] = torch.randn(4 * width, 2 * width, 3, 3)
    state["model.14.weight"] = torch.randn(2 * width, width, 3, 3)
    state["model.18.weight"] = torch.randn(3, width, 7, 7)
    out = {
        name: tensor.shape[name in ("model.11.weight", "model.14.weight")] for name, tensor in state.items()
    }
    return state | {name.replace("weight", "bias"): torch.zeros(count) for name, count in out.items()}


@pytest.mark.parametrize("seed", range(20))
def test_checkpoints_from_elsewhere(command, tmp_path, seed):
    draw = random.Random(seed)
    torch.manual_seed(seed)
    data, suffix = checkpoint(draw)
    file = tmp_path / f"latest{suffix}"
    file.write_bytes(damaged(data, draw) if draw.random() < 0.5 else data)
    code, lines = command(gan_nets_command, "convert", file, tmp_path / "out")
    assert_one_sentence(code, lines, file.name)
    if code == 0:
        assert gan_nets.load(tmp_path / "out")(torch.zeros(1, 3, 16, 16)).shape == (1, 3, 16, 16)


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory):
    out = tmp_path_factory.mktemp("finished")
    TINY(out, 0)
    return out


@pytest.mark.parametrize("seed", range(12))
def test_damaged_run_folders(command, finished_run, tmp_path, seed):
    """The report and the next start go on with what is left, or name the file."""
    draw = random.Random(seed)
    out = shutil.copytree(finished_run, tmp_path / "run", symlinks=True)
    file = draw.choice(sorted(path for path in out.rglob("*") if path.is_file()))
    file.write_bytes(damaged(file.read_bytes() or b"\0", draw))
    names = (file.name, file.parent.name, out.name)
    assert_one_sentence(*command(gan_trainers, "report", out), *names)
    assert_one_sentence(*command(start_again, out), *names)


def start_again(words):
    with plain_errors():
        TINY(Path(words[0]), 0)


@pytest.mark.parametrize("seed", range(30))
def test_command_lines(command, example, tmp_path, seed):
    """Options with anything as their value: what does not run is wrong use, and the option is named."""
    draw = random.Random(seed)
    names = [
        "cyclegan",
        "pix2pix",
        "colorize",
        "srgan",
        "esrgan",
        "real_esrgan",
        "pix2pixhd",
        "projected_gan",
    ]
    recipe = example(draw.choice(names))
    options = [*recipe.Options.__dataclass_fields__, "seed", "accumulate"]
    option = f"--{draw.choice(options).replace('_', '-')}"
    if draw.random() < 0.2:  # a typing mistake
        option = option[:-1] + draw.choice(string.ascii_lowercase)
    numbers = ["-1", "0", "nan", "inf", "-inf", "1e400", "1,5", "0x10", "\u0663", str(2**62), "9" * 50]
    value = draw.choice([*numbers, "x", "", "../..", "\x1b[31m"])
    words = [option, value, "--out", tmp_path / "run"]
    code, lines = command(lambda all_words: run_recipe(lambda _: None, recipe.PRESETS, all_words), *words)
    assert code in (0, 2)
    assert_one_sentence(code, lines, option, value or "''")
