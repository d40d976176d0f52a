"""The family of a state dict, by patterns of its keys."""

import re
from collections.abc import Mapping

from gan_nets._families import Family
from gan_nets.interop._names import StateDict

# Patterns that must each match the start of a key. The first family whose patterns all match is taken, so a
# family comes before those whose patterns are a subset of its own.
PATTERNS: Mapping[Family, tuple[str, ...]] = {
    "basicsr-rrdbnet": (r"conv_first\.", r"body\.\d+\.rdb1\.conv1\."),
    "esrgan-rrdbnet": (r"(model\.1\.sub|RRDB_trunk)\.0\.RDB1\.conv1\.",),
    "basicsr-msrresnet": (r"conv_first\.", r"body\.\d+\.conv1\.", r"upconv1\."),
    "realesrgan-compact": (r"body\.0\.weight$", r"body\.2\.weight$", r"body\.4\.weight$"),
    "basicsr-discriminator": (r"conv0_0\.", r"conv1_1\.", r"linear1\."),
    "basicsr-unet-discriminator": (r"conv0\.weight$", r"conv1\.weight_orig$", r"conv9\.weight$"),
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

BY_SPANDREL = "gan_nets.load opens its file after pip install spandrel"

# Families that are known but not converted here.
NOT_CONVERTED: Mapping[str, tuple[str, ...]] = {
    "projected-gan's discriminator, which gan_projected.interop.load_discriminator loads": (
        r"discriminator\.mini_discs\.",
    ),
    "projected-gan's feature network, which gan_projected.interop.load_projector loads": (
        r"scratch\.layer0_ccm\.",
    ),
    "a StyleGAN2-ADA generator, whose layers are not StyleGAN2Generator's; train one of these instead": (
        r"(synthesis\.)?b4\.const$",
    ),
    "projected-gan's class-conditional FastGAN, which is not supported; use one without classes": (
        r"(synthesis\.)?embed\.weight",
        r"(synthesis\.)?init\.init\.0\.weight_orig",
    ),
    "CUT's discriminator with blurred downsampling, which PatchDiscriminator lacks; convert its generator": (
        r"model\.0\.weight$",
        r"model\.2\.filt$",
    ),
    f"an ESRGAN+ generator, whose dense blocks have 1x1 convolutions that RRDBNet lacks; {BY_SPANDREL}": (
        r"(model\.1\.sub|RRDB_trunk|body)\.\d+\.(RDB|rdb)\d\.conv1x1\.",
    ),
    f"a SwinIR, HAT or other transformer for super-resolution, which has no folder layout; {BY_SPANDREL}": (
        r"layers\.0\.residual_group\.",
    ),
}


def family_of(state: StateDict) -> Family | None:
    """The family whose patterns the keys match, if there is one."""
    for family, patterns in PATTERNS.items():
        if _matches(state, patterns):
            return "pix2pixhd-global" if family == "cyclegan-resnet" and _is_pix2pixhd(state) else family
    return None


def not_converted(state: StateDict) -> str | None:
    """What the keys are known to be, if it is a family that is not converted."""
    return next((what for what, patterns in NOT_CONVERTED.items() if _matches(state, patterns)), None)


def _matches(state: StateDict, patterns: tuple[str, ...]) -> bool:
    return all(any(re.match(pattern, key) for key in state) for pattern in patterns)


def _is_pix2pixhd(state: StateDict) -> bool:
    """Whether there are not CycleGAN's 2 downsamplings, or a convolution before batch norm has a bias."""
    first_block = min(int(match[1]) for key in state if (match := re.match(r"model\.(\d+)\.conv_block", key)))
    return first_block != 4 + 3 * 2 or ("model.2.weight" in state and "model.1.bias" in state)
