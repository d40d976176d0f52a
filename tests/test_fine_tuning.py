"""Fine-tuning a published layout begins with the loss of the original network, and takes three commands."""

import shlex
import shutil
from pathlib import Path

import gan_nets
import pytest
import torch
import torch.nn.functional as F
from gan_nets.commands import main
from gan_trainers import OptionError, read_scalars, run_recipe
from gan_trainers.base.dropout import DrawnDropout
from safetensors import safe_open
from torch import nn

EXAMPLES = Path(__file__).parents[1] / "examples"
PARITY = (
    EXAMPLES.parent / "packages" / "gan-nets" / "tests" / "parity" / "cyclegan_resnet6_instance.safetensors"
)
WIDTH, GROWTH = 4, 32  # channels; the latter is not an option of the recipes


def convolution(state, name, x):
    return F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=1)


def doubled(x):
    return x.repeat_interleave(2, 2).repeat_interleave(2, 3)


def msrresnet(state, x):
    """The original's results at twice the size, with one block, on [0, 1]."""
    y = F.leaky_relu(convolution(state, "conv_first", x), 0.1)
    y = y + convolution(state, "body.0.conv2", F.relu(convolution(state, "body.0.conv1", y)))
    y = F.leaky_relu(F.pixel_shuffle(convolution(state, "upconv1", y), 2), 0.1)
    y = F.leaky_relu(convolution(state, "conv_hr", y), 0.1)
    return convolution(state, "conv_last", y) + F.interpolate(x, scale_factor=2, mode="bilinear")


def rrdbnet(state, x):
    """The same of RRDBNet, which takes 2x2 pixels as channels for twice the size."""
    first = y = convolution(state, "conv_first", F.pixel_unshuffle(x, 2))
    for dense in ("rdb1", "rdb2", "rdb3"):
        maps = [y]
        for number in range(1, 5):
            z = convolution(state, f"body.0.{dense}.conv{number}", torch.cat(maps, 1))
            maps.append(F.leaky_relu(z, 0.2))
        y = y + 0.2 * convolution(state, f"body.0.{dense}.conv5", torch.cat(maps, 1))
    y = first + convolution(state, "conv_body", first + 0.2 * y)
    for name in ("conv_up1", "conv_up2"):
        y = F.leaky_relu(convolution(state, name, doubled(y)), 0.2)
    return convolution(state, "conv_last", F.leaky_relu(convolution(state, "conv_hr", y), 0.2))


def compact(state, x):
    """The same of SRVGGNetCompact, with one convolution between the first and the last."""
    y = x
    for layer in (0, 2):
        y = F.prelu(convolution(state, f"body.{layer}", y), state[f"body.{layer + 1}.weight"])
    return F.pixel_shuffle(convolution(state, "body.4", y), 2) + doubled(x)


def channels_of_rrdbnet():
    names = {"conv_first": (12, WIDTH), "conv_body": (WIDTH, WIDTH), "conv_last": (WIDTH, 3)}
    names |= dict.fromkeys(("conv_up1", "conv_up2", "conv_hr"), (WIDTH, WIDTH))
    for dense in ("rdb1", "rdb2", "rdb3"):
        for number in range(1, 6):
            given = WIDTH if number == 5 else GROWTH
            names[f"body.0.{dense}.conv{number}"] = (WIDTH + (number - 1) * GROWTH, given)
    return names


MSRRESNET = {
    "conv_first": (3, WIDTH),
    "body.0.conv1": (WIDTH, WIDTH),
    "body.0.conv2": (WIDTH, WIDTH),
    "upconv1": (WIDTH, 4 * WIDTH),
    "conv_hr": (WIDTH, WIDTH),
    "conv_last": (WIDTH, 3),
}
COMPACT = {"body.0": (3, WIDTH), "body.2": (WIDTH, WIDTH), "body.4": (WIDTH, 12)}
LAYOUTS = {  # the original, the channels of its convolutions, the recipe and its generator, and our class
    "BasicSR's MSRResNet": (msrresnet, MSRRESNET, "srgan", "msrresnet", gan_nets.MSRResNet),
    "ESRGAN's RRDBNet": (rrdbnet, channels_of_rrdbnet(), "esrgan", "rrdbnet", gan_nets.RRDBNet),
    "Real-ESRGAN's RRDBNet": (rrdbnet, channels_of_rrdbnet(), "real_esrgan", "rrdbnet", gan_nets.RRDBNet),
    "Real-ESRGAN's compact": (compact, COMPACT, "real_esrgan", "compact", gan_nets.SRVGGNetCompact),
}


def random_state(channels, *, slopes=()):
    state = {}
    for name, (taken, given) in channels.items():
        state[f"{name}.weight"] = torch.randn(given, taken, 3, 3) / (3 * taken**0.5)
        state[f"{name}.bias"] = torch.randn(given) / 10
    return state | {f"{name}.weight": torch.rand(WIDTH) for name in slopes}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_super_resolution_begins_with_the_loss_of_the_original(
    example, train, photos, tmp_path, monkeypatch, layout
):
    original, channels, name, generator, network = LAYOUTS[layout]
    torch.manual_seed(3)
    state = random_state(channels, slopes=("body.1", "body.3") if generator == "compact" else ())
    torch.save({"params_ema": state}, tmp_path / "original.pth")
    main(["convert", str(tmp_path / "original.pth"), str(tmp_path / "net")])
    recipe, inputs, targets = example(name), [], []
    forward, loss_of = network.forward, recipe.pixel_loss

    def noted_forward(net, x):
        inputs.append(x)
        return forward(net, x)

    def noted_loss(fake, target, *options):
        targets.append(target)
        return loss_of(fake, target, *options)

    monkeypatch.setattr(network, "forward", noted_forward)
    monkeypatch.setattr(recipe, "pixel_loss", noted_loss)
    sizes = {"blocks": 1, "scale": 2, "width": WIDTH, "batch_size": 2, "size": 32, "validation": 0.3}
    changes = {"generator": generator, "start": (str(tmp_path / "net"),), "pixel_steps": 1, "steps": 0}
    if name == "srgan":
        with pytest.raises(OptionError, match="smooth is False there and True here; give --no-smooth"):
            train(recipe, "photos", tmp_path / "out", data=photos, **sizes | changes)
        changes["smooth"] = False
    train(recipe, "photos", tmp_path / "out", data=photos, **sizes | changes)
    first = read_scalars(tmp_path / "out" / "scalars.jsonl")[0]
    expected = (original(state, (inputs[0] + 1) / 2) - (targets[0] + 1) / 2).abs().mean()  # L1 on [0, 1]
    assert inputs[0].shape == (2, 3, 16, 16)
    assert first["pixel"] == pytest.approx(expected.item(), rel=1e-4)


class Level(nn.Module):
    """A level of the original pix2pix's U-Net, with those below inside."""

    def __init__(self, *layers):
        super().__init__()
        self.model = nn.Sequential(*layers)

    def forward(self, x):
        return torch.cat([x, self.model(x)], 1)


def original_unet(width=4):
    """Of five levels; it is called as .model, since the outermost level has no skip."""

    def down(taken, given):
        return nn.Conv2d(taken, given, 4, stride=2, padding=1, bias=False)

    def up(taken, given, *, bias=False):
        return nn.ConvTranspose2d(taken, given, 4, stride=2, padding=1, bias=bias)

    deepest = 8 * width
    level = Level(
        nn.LeakyReLU(0.2), down(deepest, deepest), nn.ReLU(), up(deepest, deepest), nn.BatchNorm2d(deepest)
    )
    for inner in (8 * width, 4 * width, 2 * width):
        outer = inner // 2
        normed = [down(outer, inner), nn.BatchNorm2d(inner), level]
        level = Level(nn.LeakyReLU(0.2), *normed, nn.ReLU(), up(2 * inner, outer), nn.BatchNorm2d(outer))
    layers = [down(3, width), level, nn.ReLU(), up(2 * width, 3, bias=True), nn.Tanh()]
    network = nn.Module()
    network.model = Level(*layers)
    return network


def test_pix2pix_begins_with_the_loss_of_the_original(example, train, photos, tmp_path, monkeypatch):
    for dropout in (nn.Dropout, DrawnDropout):  # of the original, and of the run: they are random
        monkeypatch.setattr(dropout, "forward", lambda _, x: x)
    torch.manual_seed(3)
    original = original_unet()
    torch.save(original.state_dict(), tmp_path / "latest_net_G.pth")
    main(["convert", str(tmp_path / "latest_net_G.pth"), str(tmp_path / "net")])
    recipe, batches = example("pix2pix"), []
    terms_of = recipe.generator_terms

    def noted(d, source, target, *rest):
        batches.append((source, target))
        return terms_of(d, source, target, *rest)

    monkeypatch.setattr(recipe, "generator_terms", noted)
    changes = {"size": 32, "width": 4, "steps": 1, "batch_size": 2, "validation": 0.3}
    train(
        recipe, "super-resolution", tmp_path / "out", data=(photos,), start=(f"g={tmp_path}/net",), **changes
    )
    source, target = batches[0]
    expected = 100 * (original.model.model(source) - target).abs().mean()
    first = read_scalars(tmp_path / "out" / "scalars.jsonl")[0]
    assert first["pixel"] == pytest.approx(expected.item(), rel=1e-4)


def three_commands():
    """The arguments of each command in the section of the recipes' README."""
    section = (EXAMPLES / "README.md").read_text().partition("## Fine-tune")[2].partition("\n## ")[0]
    return [shlex.split(line) for line in section.split("```")[1].splitlines()[1:]]


def test_convert_fine_tune_translate_as_the_readme_types_them(example, tmp_path, monkeypatch):
    convert, fine_tune, translate = three_commands()
    assert [convert[:2], fine_tune[:2], translate[:2]] == [
        ["gan-nets", "convert"],
        ["python", "examples/content_gan.py"],
        ["gan-nets", "translate"],
    ]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    with safe_open(PARITY, "pt") as file:  # of the original code
        keys = [key for key in file.keys() if key.startswith("weights/")]  # noqa: SIM118 - no dict
        torch.save({key.removeprefix("weights/"): file.get_tensor(key).float() for key in keys}, convert[2])
    emoji = EXAMPLES / "images" / "emoji"
    for kind in ("trainA", "trainB", "testA", "testB"):
        (tmp_path / "deer2zebra" / kind).mkdir(parents=True)
        for file in sorted((emoji / kind).glob("*.webp"))[:2]:
            shutil.copy(file, tmp_path / "deer2zebra" / kind)
    shutil.copytree(emoji / "testB", tmp_path / "deer", ignore=lambda _, names: sorted(names)[2:])
    main(convert[1:])
    recipe = example("content_gan")
    tiny = shlex.split("--size 32 --load-size 36 --width 8 --blocks 6 --layers 2 --steps 1")
    run_recipe(
        recipe.main, recipe.PRESETS, [each.replace("~", str(tmp_path)) for each in fine_tune[2:]] + tiny
    )
    main([each.replace("~", str(tmp_path)) for each in translate[1:]])
    assert len(list((tmp_path / "translated").iterdir())) == 2
    started, trained = gan_nets.load("horse2zebra"), gan_nets.load("runs/deer2zebra")
    assert type(trained) is type(started) is gan_nets.ResnetGenerator
    changes = [
        (trained.state_dict()[key] - value).abs().max().item() for key, value in started.state_dict().items()
    ]
    assert 0 < max(changes) < 1e-3  # one step of Adam
