"""Convert any original checkpoint to a network of this package, by its keys alone."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args

from gan_nets._families import Family
from gan_nets.interop._basicsr import (
    load_basicsr_discriminator,
    load_basicsr_msrresnet,
    load_basicsr_unet_discriminator,
)
from gan_nets.interop._checkpoint import read_checkpoint
from gan_nets.interop._compact import load_realesrgan_compact
from gan_nets.interop._cyclegan import load_cyclegan_resnet
from gan_nets.interop._detect import detect
from gan_nets.interop._fastgan import load_fastgan_generator
from gan_nets.interop._fastgan_discriminator import load_fastgan_discriminator
from gan_nets.interop._names import StateDict
from gan_nets.interop._parts import take_state
from gan_nets.interop._pix2pix import load_patch_discriminator, load_pix2pix_unet, load_pixel_discriminator
from gan_nets.interop._pix2pixhd import load_pix2pixhd_encoder, load_pix2pixhd_global, load_pix2pixhd_local
from gan_nets.interop._pix2pixhd_discriminator import load_pix2pixhd_discriminator
from gan_nets.interop._rrdbnet import load_basicsr_rrdbnet, load_esrgan_rrdbnet
from gan_nets.interop._sound import check_finite
from gan_nets.layers.activation import Activation
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage

LOADERS: Mapping[Family, Callable[[StateDict], PretrainedModule]] = {
    "basicsr-discriminator": load_basicsr_discriminator,
    "basicsr-msrresnet": load_basicsr_msrresnet,
    "basicsr-rrdbnet": load_basicsr_rrdbnet,
    "basicsr-unet-discriminator": load_basicsr_unet_discriminator,
    "cut-resnet": load_cyclegan_resnet,
    "cyclegan-resnet": load_cyclegan_resnet,
    "esrgan-rrdbnet": load_esrgan_rrdbnet,
    "fastgan-discriminator": load_fastgan_discriminator,
    "fastgan-generator": load_fastgan_generator,
    "patch-discriminator": load_patch_discriminator,
    "pix2pix-unet": load_pix2pix_unet,
    "pix2pixhd-discriminator": load_pix2pixhd_discriminator,
    "pix2pixhd-encoder": load_pix2pixhd_encoder,
    "pix2pixhd-global": load_pix2pixhd_global,
    "pix2pixhd-local": load_pix2pixhd_local,
    "pixel-discriminator": load_pixel_discriminator,
    "projected-fastgan": load_fastgan_generator,
}


def convert(
    checkpoint: Mapping[str, Any] | str | Path,
    *,
    family: Family | None = None,
    part: str | None = None,
    scale: int | None = None,
    activation: Activation | None = None,
) -> PretrainedModule:
    """The network of this package that an original checkpoint fits, with its weights, in eval mode.

    Its class and arguments (width, blocks, norm, scale, ...) are read off the keys and shapes. Arguments that
    do not show there, such as a U-Net's dropout at inference, can be set when the saved network is loaded:
    `UNetGenerator.from_pretrained(folder, batch_statistics_at_inference=True)`.

    Args:
        checkpoint: a file, read as by `read_checkpoint`; or its content: tensors by the original's keys, or
            such dicts by name.
        family: the family of the checkpoint, instead of what `detect` finds.
        part: name of one of several state dicts; by default averaged weights are preferred, then a generator.
        scale: of a "realesrgan-compact", if input and output have different channels.
        activation: of a "realesrgan-compact", if it is not PReLU, the only one that has weights.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file cannot be read safely, its family is unknown, it does not fit its family, or it
            has NaN or infinity; or scale or activation is needed, contradicts the file, or is for others.

    Examples:
        >>> from torch import nn
        >>> conv, relu = nn.Conv2d, nn.ReLU()
        >>> net = nn.Sequential(conv(3, 8, 1), relu, conv(8, 16, 1), relu, relu, conv(16, 1, 1))
        >>> original = {f"net.{key}": value for key, value in net.state_dict().items()}  # of another code
        >>> type(convert(original)).__name__
        'PixelDiscriminator'
    """
    return convert_as_family(checkpoint, family, part, scale, activation)[1]


def convert_as_family(
    checkpoint: Mapping[str, Any] | str | Path,
    family: Family | None,
    part: str | None,
    scale: int | None = None,
    activation: Activation | None = None,
) -> tuple[Family, PretrainedModule]:
    """The family as well as the network; see `convert`."""
    if family is not None and family not in get_args(Family):
        raise ValueError(f"expected a family among {', '.join(get_args(Family))}; got {family!r}")
    if isinstance(checkpoint, str | Path):
        state, named = read_checkpoint(checkpoint, part=part), f"{checkpoint}: "
    else:
        state, named = take_state(checkpoint, part, source="the checkpoint"), ""
    try:
        check_finite(state)
        family = family or detect(state)
        if family == "realesrgan-compact":
            net = load_realesrgan_compact(state, scale=scale, activation=activation)
        elif scale is not None or activation is not None:
            raise ValueError(
                "expected scale and activation for realesrgan-compact only, since the file shows them for "
                f"{family}; leave them out"
            )
        else:
            net = LOADERS[family](state)
    except Exception as error:  # a stranger's tensors may be of any shape and type
        raise ValueError(f"{named}{_reason(error)}") from error
    described = net.describe()
    if family == "pix2pix-unet" and (described["in_channels"], described["out_channels"]) == (1, 2):
        net.usage = Usage("colorize", "lab")  # the original's `--model colorization`, from L to a and b
    return family, net


def _reason(error: Exception) -> str:
    """Its own sentence; of torch's errors the first line."""
    if isinstance(error, ValueError):
        return str(error)
    return f"the checkpoint does not fit its family: {type(error).__name__}: {str(error).splitlines()[0]}"
