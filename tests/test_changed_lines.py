"""The changes of recipes that examples/README.md describes, applied and run."""

import importlib.util
import re
import shutil
import sys
from pathlib import Path

import pytest
import torch
from gan_trainers import read_scalars
from safetensors.torch import load_file
from torchvision.models import vgg16

EXAMPLES = Path(__file__).parents[1] / "examples"
EMOJI = EXAMPLES / "images" / "emoji"
BLOCKS = re.findall(r"```diff\n(.*?)```", (EXAMPLES / "README.md").read_text("utf-8"), re.DOTALL)


@pytest.fixture
def changed(example, tmp_path, monkeypatch):
    """A recipe with the change that contains a word."""

    def apply(recipe, word):
        example(recipe)
        source = (EXAMPLES / f"{recipe}.py").read_text("utf-8")
        (block,) = [each for each in BLOCKS if word in each]
        for hunk in block.split("@@\n")[1:]:
            before, after = (
                "".join(line[1:] for line in hunk.splitlines(keepends=True) if line[0] in signs)
                for signs in (" -", " +")
            )
            assert source.count(before) == 1, before
            source = source.replace(before, after)
        file = tmp_path / f"changed_{recipe}.py"
        file.write_text(source, "utf-8")
        spec = importlib.util.spec_from_file_location(file.stem, file)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, file.stem, module)
        spec.loader.exec_module(module)
        return module

    return apply


def test_dists_as_the_content_loss_of_srgan(changed, train, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with torch.device("meta"):
        outline = vgg16().features.state_dict()
    generator = torch.Generator().manual_seed(0)
    state = {f"features.{key}": torch.randn(x.shape, generator=generator) / 20 for key, x in outline.items()}
    torch.save(state, "vgg16-397923af.pth")
    small = {"blocks": 1, "width": 4, "batch_size": 2, "size": 32, "validation": 0.3, "scale": 2}
    recipe = changed("srgan", "dists_loss")
    train(recipe, "paper", tmp_path / "out", data=photos, pixel_steps=1, steps=2, precision="bf16", **small)
    assert 0 < read_scalars(tmp_path / "out" / "scalars.jsonl")[-1]["content"] < 1
    training = recipe.build(recipe.Options(blocks=1, width=4), "", None)
    assert training.content.metric.network.alpha.numel() == 1475  # DISTS's channels


def test_a_schedule_free_optimizer_in_pix2pix(changed, train, tmp_path):
    data = tmp_path / "data"
    for folder, count in (("trainA", 4), ("trainB", 4), ("testA", 2), ("testB", 2)):
        (data / folder).mkdir(parents=True)
        for file in sorted((EMOJI / folder).glob("*.webp"))[:count]:
            shutil.copy(file, data / folder)
    small = {"size": 32, "load_size": 36, "width": 4, "batch_size": 2, "evaluate_every": 2, "ema": False}
    recipe = changed("pix2pix", "AdamWScheduleFree")
    train(recipe, "paper", tmp_path / "whole", data=(data,), steps=5, **small)
    for steps in (2, 5):  # resumed
        train(recipe, "paper", tmp_path / "parts", data=(data,), steps=steps, **small)
    whole, parts = (
        load_file(tmp_path / out / "checkpoints" / "00000005" / "shared.safetensors")
        for out in ("whole", "parts")
    )
    assert whole.keys() == parts.keys()
    assert [key for key in whole if not torch.equal(whole[key], parts[key])] == []
    written = load_file(tmp_path / "whole" / "a_to_b" / "model.safetensors")
    saved = {key: whole[f"shared.registered.g.{key}"] for key in written}
    assert [key for key in written if not torch.equal(written[key], saved[key])] == []
    training = whole["shared.training_weights.opt_g.0"]
    same_shape = [each for each in saved.values() if each.shape == training.shape]
    assert same_shape
    assert not any(torch.equal(each, training) for each in same_shape)
