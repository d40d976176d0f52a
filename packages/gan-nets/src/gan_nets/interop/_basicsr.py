"""Checkpoints of XPixelGroup/BasicSR: its MSRResNet and its discriminators for super-resolution."""

from functools import partial

from torch import Tensor

from gan_nets.interop._names import Names, StateDict, count, fit, rename, unwrapped, weight_shape
from gan_nets.interop._spectral import fit_spectral, rename_spectral
from gan_nets.networks.msrresnet import MSRResNet
from gan_nets.networks.srgan_discriminator import VGGStyleDiscriminator
from gan_nets.networks.unet_discriminator import UNetDiscriminator

MSRRESNET = "the BasicSR MSRResNet checkpoint"
VGG_STYLE = "the BasicSR VGGStyleDiscriminator checkpoint"
UNET = "the BasicSR UNetDiscriminatorSN checkpoint"
UNET_NAMES: Names = {
    "conv0": "input",
    **{f"conv{number}": f"downs.{number - 1}" for number in (1, 2, 3)},
    **{f"conv{number}": f"ups.{number - 4}" for number in (4, 5, 6)},
    **{f"conv{number}": f"last.{number - 7}" for number in (7, 8)},
    "conv9": "output",
}


def msrresnet_from_basicsr(state_dict: StateDict) -> dict[str, Tensor]:
    """The original MSRResNet's state dict (keys conv_first, body.0.conv1, ...) under MSRResNet's keys.

    Examples:
        >>> layers = "conv_first", "body.0.conv1", "body.0.conv2", "conv_last"
        >>> list(msrresnet_from_basicsr({f"{name}.bias": torch.zeros(8) for name in layers}))
        ['input.bias', 'blocks.0.first.bias', 'blocks.0.second.bias', 'output.bias']
    """
    state = unwrapped(state_dict)
    return rename(state, _msrresnet_names(count(state, r"body\.(\d+)\.conv1\.", source=MSRRESNET)))


def load_basicsr_msrresnet(state_dict: StateDict) -> MSRResNet:
    """The MSRResNet that fits the original's state dict, with its weights, in eval mode.

    Scale, blocks, width and channels are read off the weights. Images of the original are in
    [0, 1], here in [-1, 1]: `(net(2 * x01 - 1) + 1) / 2` is what the original returns for x01.

    Args:
        state_dict: as saved by BasicSR (`read_checkpoint` takes the entry "params_ema" or "params").

    Raises:
        ValueError: the state dict is another network's; missing and unexpected keys are listed.

    Examples:
        >>> net = load_basicsr_msrresnet(read_checkpoint("MSRResNet_x4.pth"))  # doctest: +SKIP
    """
    state = unwrapped(state_dict)
    width, in_channels = weight_shape(state, "conv_first", source=MSRRESNET)
    out_channels, _ = weight_shape(state, "conv_last", source=MSRRESNET)
    shuffled, _ = weight_shape(state, "upconv1", source=MSRRESNET)
    blocks = count(state, r"body\.(\d+)\.conv1\.", source=MSRRESNET)
    if "upconv3.weight" in state:
        raise ValueError(f"{MSRRESNET} does not fit: expected scale 2, 3 or 4; its three upconv make another")
    scale = 4 if "upconv2.weight" in state else {4: 2, 9: 3}.get(shuffled // width)
    if scale is None:
        raise ValueError(
            f"{MSRRESNET} does not fit: expected upconv1 to make 4 or 9 times {width}; got {shuffled}"
        )
    make = partial(MSRResNet, in_channels, out_channels, scale=scale, blocks=blocks, width=width)
    names = _msrresnet_names(blocks)
    return fit(make, rename(state, names), names, source=MSRRESNET)


def _msrresnet_names(blocks: int) -> Names:
    names = {"conv_first": "input", "conv_hr": "full_size", "conv_last": "output"}
    names |= {f"upconv{up + 1}": f"ups.{up}.conv" for up in range(2)}
    for block in range(blocks):
        names |= {f"body.{block}.conv1": f"blocks.{block}.first"}
        names |= {f"body.{block}.conv2": f"blocks.{block}.second"}
    return names


def discriminator_from_basicsr(state_dict: StateDict) -> dict[str, Tensor]:
    """The original's state dict (keys conv0_0, bn0_1, ..., linear2) under VGGStyleDiscriminator's keys.

    Examples:
        >>> list(discriminator_from_basicsr({"conv0_0.weight": torch.zeros(8, 3, 3, 3)}))
        ['blocks.0.conv.weight']
    """
    state = unwrapped(state_dict)
    return rename(state, _vgg_names(count(state, r"conv(\d+)_0\.", source=VGG_STYLE)))


def load_basicsr_discriminator(state_dict: StateDict) -> VGGStyleDiscriminator:
    """The VGGStyleDiscriminator that fits the original's state dict, with its weights, in eval mode.

    Width, channels and the size of its crops are read off the weights. Images of the original are in [0, 1],
    here in [-1, 1].

    Args:
        state_dict: as saved by BasicSR.

    Raises:
        ValueError: the state dict is another network's; missing and unexpected keys are listed.

    Examples:
        >>> net = load_basicsr_discriminator(read_checkpoint("net_d_400000.pth"))  # doctest: +SKIP
    """
    state = unwrapped(state_dict)
    width, in_channels = weight_shape(state, "conv0_0", source=VGG_STYLE)
    levels = count(state, r"conv(\d+)_0\.", source=VGG_STYLE)
    make = partial(VGGStyleDiscriminator, in_channels, width=width, size=4 * 2**levels)
    names = _vgg_names(levels)
    return fit(make, rename(state, names), names, source=VGG_STYLE)


def _vgg_names(levels: int) -> Names:
    names = {"linear1": "hidden", "linear2": "output"}
    for level in range(levels):
        for conv in range(2):
            block = f"blocks.{2 * level + conv}"
            names |= {f"conv{level}_{conv}": f"{block}.conv", f"bn{level}_{conv}": f"{block}.norm"}
    return names


def unet_discriminator_from_basicsr(state_dict: StateDict) -> dict[str, Tensor]:
    """The original's state dict (keys conv0 to conv9) under UNetDiscriminator's keys.

    Examples:
        >>> list(unet_discriminator_from_basicsr({"conv0.bias": torch.zeros(8)}))
        ['input.bias']
    """
    return rename_spectral(unwrapped(state_dict), UNET_NAMES)


def load_basicsr_unet_discriminator(state_dict: StateDict) -> UNetDiscriminator:
    """The UNetDiscriminator that fits the state dict of Real-ESRGAN's discriminator, in eval mode.

    Width and channels are read off the weights; whether there were skip connections does not show there.
    Images of the original are in [0, 1], here in [-1, 1].

    Args:
        state_dict: as saved by BasicSR or Real-ESRGAN, of UNetDiscriminatorSN.

    Raises:
        ValueError: the state dict is another network's; missing and unexpected keys are listed.

    Examples:
        >>> state = read_checkpoint("RealESRGAN_x4plus_netD.pth")  # doctest: +SKIP
        >>> net = load_basicsr_unet_discriminator(state)  # doctest: +SKIP
    """
    state = unwrapped(state_dict)
    width, in_channels = weight_shape(state, "conv0", source=UNET)
    make = partial(UNetDiscriminator, in_channels, width=width)
    return fit_spectral(make, rename_spectral(state, UNET_NAMES), UNET_NAMES, source=UNET)
