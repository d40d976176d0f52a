"""Whose checkpoint it is, told from its keys."""

import re
from collections.abc import Mapping
from typing import Any, Literal

from gan_nets.interop._names import StateDict, unwrapped
from gan_nets.interop._parts import take_state

Family = Literal[
    "basicsr-discriminator",
    "basicsr-msrresnet",
    "basicsr-rrdbnet",
    "cut-resnet",
    "cyclegan-resnet",
    "esrgan-rrdbnet",
    "fastgan-discriminator",
    "fastgan-generator",
    "patch-discriminator",
    "pix2pix-unet",
    "pix2pixhd-discriminator",
    "pix2pixhd-encoder",
    "pix2pixhd-global",
    "pix2pixhd-local",
    "pixel-discriminator",
    "projected-fastgan",
]

# Patterns that must each begin a key. The first family of which all are there is it, so that a family stands
# before those that have its marks and fewer.
MARKS: Mapping[Family, tuple[str, ...]] = {
    "basicsr-rrdbnet": (r"conv_first\.", r"body\.\d+\.rdb1\.conv1\."),
    "esrgan-rrdbnet": (r"(model\.1\.sub|RRDB_trunk)\.0\.RDB1\.conv1\.",),
    "basicsr-msrresnet": (r"conv_first\.", r"body\.\d+\.conv1\.", r"upconv1\."),
    "basicsr-discriminator": (r"conv0_0\.", r"conv1_1\.", r"linear1\."),
    "fastgan-generator": (r"init\.init\.0\.weight_orig", r"to_big\.", r"to_128\."),
    "projected-fastgan": (r"(synthesis\.)?init\.init\.0\.weight_orig", r"(synthesis\.)?to_big\."),
    "fastgan-discriminator": (r"down_from_big\.0\.weight_orig", r"rf_big\.0\."),
    "pix2pixhd-local": (r"model\.1\.", r"model1_1\.", r"model1_2\."),
    "pix2pixhd-discriminator": (
        r"(scale0_layer0\.0|layer0\.0)\.weight$",
        r"(scale0_layer1\.0|layer0\.2)\.weight$",
    ),
    "pix2pix-unet": (r"model\.model\.0\.", r"model\.model\.1\.model\."),
    "pixel-discriminator": (r"net\.0\.", r"net\.2\.", r"net\.5\."),
    "cut-resnet": (r"model\.1\.", r"model\.\d+\.conv_block\.", r"model\.\d+\.filt$"),
    "cyclegan-resnet": (r"model\.1\.", r"model\.\d+\.conv_block\."),
    "patch-discriminator": (r"model\.0\.weight$", r"model\.2\.weight$"),
    "pix2pixhd-encoder": (r"model\.1\.weight$", r"model\.4\.weight$", r"model\.7\.weight$"),
}

# Known, but not to be converted here.
ELSEWHERE: Mapping[str, tuple[str, ...]] = {
    "projected-gan's discriminator, which gan_projected.interop.load_discriminator opens": (
        r"discriminator\.mini_discs\.",
    ),
    "projected-gan's feature network, which gan_projected.interop.load_projector opens": (
        r"scratch\.layer0_ccm\.",
    ),
    "a StyleGAN2-ADA generator, whose layers differ from StyleGAN2Generator's; train that one anew": (
        r"(synthesis\.)?b4\.const$",
    ),
    "projected-gan's class-conditional FastGAN, which is not supported; use one without classes": (
        r"(synthesis\.)?embed\.weight",
        r"(synthesis\.)?init\.init\.0\.weight_orig",
    ),
    "CUT's discriminator with blurred halving, which PatchDiscriminator has not; its generator converts": (
        r"model\.0\.weight$",
        r"model\.2\.filt$",
    ),
}


def detect(state_dict: Mapping[str, Any]) -> Family:
    """The family of an original checkpoint.

    A ResNet generator with two halvings and instance norm is the same network under the same keys in
    CycleGAN's and in pix2pixHD's code; "cyclegan-resnet" stands for both.

    Args:
        state_dict: tensors by the original's names, or what a file holds around them.

    Raises:
        ValueError: it is none of those known.
    """
    state = unwrapped(take_state(state_dict, None, source="the checkpoint"))
    for what, marks in ELSEWHERE.items():
        if _has(state, marks):
            raise ValueError(f"the checkpoint is {what}")
    for family, marks in MARKS.items():
        if _has(state, marks):
            return "pix2pixhd-global" if family == "cyclegan-resnet" and _is_pix2pixhd(state) else family
    raise ValueError(
        f"the checkpoint is of no known family ({', '.join(MARKS)}); got the keys "
        f"{', '.join(list(state)[:5]) or 'of nothing'}"
    )


def _has(state: StateDict, marks: tuple[str, ...]) -> bool:
    return all(any(re.match(mark, key) for key in state) for mark in marks)


def _is_pix2pixhd(state: StateDict) -> bool:
    """Whether there are not CycleGAN's two halvings, or a bias before a batch norm, or ..."""
    first_block = min(int(match[1]) for key in state if (match := re.match(r"model\.(\d+)\.conv_block", key)))
    return first_block != 4 + 3 * 2 or ("model.2.weight" in state and "model.1.bias" in state)
