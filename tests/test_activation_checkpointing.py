"""--activation-checkpointing trains each recipe's generator to the same bits, or is refused in a sentence."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

EXAMPLES = Path(__file__).parents[1] / "examples"
EMOJI = EXAMPLES / "images" / "emoji"
SMALL = {"size": 32, "width": 4, "batch_size": 2, "steps": 2, "evaluate_every": 2}
RESNET = SMALL | {"data": "emoji", "load_size": 36, "blocks": 2, "layers": 2}
PHOTOS = {"data": "photos", "validation": 0.3}
LARGER = SMALL | PHOTOS | {"scale": 2, "blocks": 2, "pixel_steps": 2}
FROM_NOISE = {"size": 8, "latents": 4, "base_channels": 32, "batch_size": 2, "samples": 6, "data": "photos"}
EXACT = {
    "cyclegan": ("paper", RESNET | {"identity_weight": 5.0}),
    "content_gan": ("paper", RESNET),
    "bigan": ("paper", RESNET),
    "cut": ("cut", RESNET | {"nce_layers": (0, 4, 8, 12)}),
    "pix2pix": ("emoji-resnet", {**SMALL, "blocks": 2, "layers": 2}),
    "pix2pixhd": (
        "paper",
        SMALL
        | {"data": "labels", "width": 2, "downsamplings": 1, "blocks": 2, "size": (32, 32), "scales": (1, 2)}
        | {"classes": 9, "ignore": None, "features": 3, "steps": (2, 4), "fix_global": 2},
    ),
    "srgan": ("paper", LARGER),
    "esrgan": ("photos", LARGER | {"penalty": 0.5}),
    "real_esrgan": ("photos", LARGER | {"pool": 4}),
}
REFUSED = {
    "colorize": ("paper", SMALL | PHOTOS),
    "pix2pix": ("emoji", SMALL),  # a U-Net
    "cogan": ("paper", {**SMALL, "data": "emoji", "load_size": 36, "latents": 5}),
    "coarse_to_fine": ("photos", {"width": 4, "batch_size": 2, "size": 32} | PHOTOS),
    "projected_gan": (
        "paper",
        {
            **SMALL,
            "size": 64,
            "resize": 128,
            "samples": 4,
            "data": "photos",
            "weights": "random",
            "judge_weights": "random",
        },
    ),
    "progan": ("paper", FROM_NOISE),
    "stylegan2": ("paper", FROM_NOISE | {"styles": 6, "mapping_layers": 2, "steps": 4}),
    "r3gan": ("paper", FROM_NOISE | {"base_channels": 256, "most_channels": 32, "blocks": 1, "steps": 2}),
    "segmentation": ("portraits", {"size": 32, "load_size": 36, "weights": "random", "enlarge": 1}),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory, photos, labeled_portraits):
    """Data by name; five pairs of emoji to train on and two to test with."""
    root = tmp_path_factory.mktemp("emoji")
    for folder, count in (("trainA", 5), ("trainB", 5), ("testA", 2), ("testB", 2)):
        (root / folder).mkdir()
        for file in sorted((EMOJI / folder).glob("*.webp"))[:count]:
            shutil.copy(file, root / folder)
    return {"emoji": (root,), "photos": photos, "labels": labeled_portraits}


@pytest.fixture
def run(example, train, folders):
    """Runs a recipe in a folder."""

    def call(name, preset, out, changes, **more):
        data = {"data": folders[changes["data"]]} if "data" in changes else {}
        train(example(name), preset, out, **changes | data | more)

    return call


def test_every_recipe_is_tested():
    trained = {file.stem for file in EXAMPLES.glob("*.py")} - {"style_transfer"}  # optimizes pixels
    assert EXACT.keys() | REFUSED.keys() == trained


@pytest.mark.parametrize("name", EXACT)
def test_weights_and_moments_are_the_same_bit_for_bit(run, tmp_path, name):
    """Adam's moments are sums of gradients, and of their squares."""
    preset, changes = EXACT[name]
    for option in (False, True):
        run(name, preset, tmp_path / str(option), changes, activation_checkpointing=option)
    files = [
        sorted((tmp_path / str(option)).glob("checkpoints/*/shared.safetensors")) for option in (False, True)
    ]
    assert [file.parent.name for file in files[0]] == [file.parent.name for file in files[1]]
    plain, recomputed = (load_file(each[-1]) for each in files)
    assert any(key.endswith("exp_avg") for key in plain)
    assert [key for key in plain if not torch.equal(plain[key], recomputed[key])] == []


@pytest.mark.parametrize("name", REFUSED)
def test_where_nothing_can_be_recomputed_it_is_refused(run, tmp_path, name):
    preset, changes = REFUSED[name]
    with pytest.raises(ValueError, match=r"can recompute its activations; got \w.*; leave it out$"):
        run(name, preset, tmp_path, changes, activation_checkpointing=True)
