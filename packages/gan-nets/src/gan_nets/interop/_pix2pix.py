"""Checkpoints of junyanz/pytorch-CycleGAN-and-pix2pix: its U-Net and its discriminators."""

from collections.abc import Sequence
from functools import partial

from torch import Tensor

from gan_nets.interop._names import Names, StateDict, fit, norm_of, rename, unwrapped, weight_shape
from gan_nets.layers.norm import Norm
from gan_nets.networks.patch import PatchDiscriminator, PixelDiscriminator
from gan_nets.networks.unet import UNetGenerator

UNET = "the pix2pix U-Net checkpoint"
PATCH = "the PatchGAN checkpoint"
PIXEL = "the PixelGAN checkpoint"


def unet_from_pix2pix(state_dict: StateDict) -> dict[str, Tensor]:
    """The original U-Net's state dict (keys model.model.1.model.3...) under UNetGenerator's keys.

    Examples:
        >>> layers = "model.model.0", "model.model.1.model.1", "model.model.1.model.3", "model.model.3"
        >>> list(unet_from_pix2pix({f"{name}.bias": torch.zeros(8) for name in layers}))
        ['downs.0.conv.bias', 'downs.1.conv.bias', 'ups.0.conv.bias', 'output.bias']
    """
    state = unwrapped(state_dict)
    return rename(state, _unet_names(_unet_depth(state)))


def load_pix2pix_unet(
    state_dict: StateDict,
    *,
    dropout: Sequence[float] = (),
    dropout_at_inference: bool = False,
    batch_statistics_at_inference: bool = False,
) -> UNetGenerator:
    """The U-Net that fits the original's state dict, with its weights, in eval mode.

    Depth, width, channels and norm are read off the weights; the other arguments do not show there.

    Args:
        state_dict: as saved by the original code (`latest_net_G.pth`).
        dropout: as in UNetGenerator; (0, 0.5, 0.5, 0.5) is what the original trains with at depth 8.
        dropout_at_inference: as in UNetGenerator; the original's test keeps dropout on without `--eval`.
        batch_statistics_at_inference: as in UNetGenerator; likewise on in the original's test.

    Raises:
        ValueError: the state dict is another network's; missing and unexpected keys are listed.

    Examples:
        >>> net = load_pix2pix_unet(read_checkpoint("latest_net_G.pth"))  # doctest: +SKIP
    """
    state = unwrapped(state_dict)
    depth = _unet_depth(state)
    names = _unet_names(depth)
    width, in_channels = weight_shape(state, "model.model.0", source=UNET)
    _, out_channels = weight_shape(state, "model.model.3", source=UNET)
    renamed = rename(state, names)
    make = partial(
        UNetGenerator,
        in_channels,
        out_channels,
        depth=depth,
        width=width,
        norm=norm_of(renamed, first_normed="ups.0"),
        dropout=dropout,
        dropout_at_inference=dropout_at_inference,
        batch_statistics_at_inference=batch_statistics_at_inference,
    )
    return fit(make, renamed, names, source=UNET)


def _unet_depth(state: StateDict) -> int:
    """Its blocks are nested: the deepest key has one "model" for each level and one for the whole."""
    depth = max((key.split(".").count("model") for key in state), default=0) - 1
    if depth < 2:
        raise ValueError(
            f"{UNET} does not fit: expected nested keys such as 'model.model.1.model.1.weight'; "
            f"got {', '.join(list(state)[:5]) or 'no keys'}"
        )
    return depth


def _unet_names(depth: int) -> dict[str, str]:
    """A level holds its down convolution and norm, the next level, its up convolution and norm."""
    names = {"model.model.0": "downs.0.conv", "model.model.3": "output"}
    path = "model.model.1.model"
    for level in range(1, depth):
        up = depth - 1 - level
        names[f"{path}.1"] = f"downs.{level}.conv"
        if level < depth - 1:
            names |= {f"{path}.2": f"downs.{level}.norm"}
            names |= {f"{path}.5": f"ups.{up}.conv", f"{path}.6": f"ups.{up}.norm"}
        else:  # the innermost level has neither a norm after its down convolution nor a level inside
            names |= {f"{path}.3": f"ups.{up}.conv", f"{path}.4": f"ups.{up}.norm"}
        path += ".3.model"
    return names


def patch_from_pix2pix(state_dict: StateDict) -> dict[str, Tensor]:
    """The original PatchGAN's state dict (keys model.0, model.2, ...) under PatchDiscriminator's keys.

    Examples:
        >>> list(patch_from_pix2pix({f"model.{index}.bias": torch.zeros(8) for index in (0, 2, 5)}))
        ['blocks.0.conv.bias', 'blocks.1.conv.bias', 'output.bias']
    """
    state = unwrapped(state_dict)
    return rename(state, _patch_names(_patch_layers(state)))


def load_patch_discriminator(state_dict: StateDict) -> PatchDiscriminator:
    """The PatchDiscriminator that fits the original's state dict, with its weights, in eval mode.

    Raises:
        ValueError: the state dict is another network's; missing and unexpected keys are listed.

    Examples:
        >>> from torch import nn
        >>> conv, relu = nn.Conv2d, nn.ReLU()
        >>> net = nn.Sequential(conv(3, 8, 4), relu, conv(8, 16, 4), relu, relu, conv(16, 1, 4))
        >>> original = {f"model.{key}": value for key, value in net.state_dict().items()}
        >>> load_patch_discriminator(original).receptive_field
        16
    """
    state = unwrapped(state_dict)
    layers = _patch_layers(state)
    names = _patch_names(layers)
    width, in_channels = weight_shape(state, "model.0", source=PATCH)
    output = state.get(f"model.{2 + 3 * layers}.weight")
    if output is not None and output.ndim and len(output) != 1:
        raise ValueError(
            f"{PATCH} does not fit: its last layer model.{2 + 3 * layers} gives {len(output)} values for "
            "each patch, and PatchDiscriminator one"
        )
    renamed = rename(state, names)
    norm = norm_of(renamed, first_normed="blocks.1")
    make = partial(PatchDiscriminator, in_channels, layers=layers, width=width, norm=norm)
    return fit(make, renamed, names, source=PATCH)


def _patch_layers(state: StateDict) -> int:
    """The last convolution is at 2 + 3 * layers: a first pair, then three modules for each layer."""
    indices = [int(index) for index in (key.split(".")[1] for key in state if "." in key) if index.isdigit()]
    return max(1, (max(indices, default=0) - 2) // 3)


def _patch_names(layers: int) -> dict[str, str]:
    names = {"model.0": "blocks.0.conv", f"model.{2 + 3 * layers}": "output"}
    for block in range(1, layers + 1):
        names[f"model.{3 * block - 1}"] = f"blocks.{block}.conv"
        names[f"model.{3 * block}"] = f"blocks.{block}.norm"
    return names


PIXEL_NAMES: Names = {"net.0": "input", "net.2": "hidden", "net.3": "norm", "net.5": "output"}


def pixel_from_pix2pix(state_dict: StateDict) -> dict[str, Tensor]:
    """The original PixelGAN's state dict (keys net.0, net.2, ...) under PixelDiscriminator's keys.

    Examples:
        >>> list(pixel_from_pix2pix({f"net.{index}.bias": torch.zeros(8) for index in (0, 2, 5)}))
        ['input.bias', 'hidden.bias', 'output.bias']
    """
    return rename(unwrapped(state_dict), PIXEL_NAMES)


def load_pixel_discriminator(state_dict: StateDict) -> PixelDiscriminator:
    """The PixelDiscriminator that fits the original's state dict, with its weights, in eval mode.

    Raises:
        ValueError: the state dict is another network's; missing and unexpected keys are listed.

    Examples:
        >>> from torch import nn
        >>> conv, relu = nn.Conv2d, nn.ReLU()
        >>> net = nn.Sequential(conv(3, 8, 1), relu, conv(8, 16, 1), relu, relu, conv(16, 1, 1))
        >>> original = {f"net.{key}": value for key, value in net.state_dict().items()}
        >>> load_pixel_discriminator(original)(torch.zeros(1, 3, 16, 16)).shape
        torch.Size([1, 1, 16, 16])
    """
    state = unwrapped(state_dict)
    width, in_channels = weight_shape(state, "net.0", source=PIXEL)
    norm: Norm = "batch" if "net.3.weight" in state else "instance" if "net.2.bias" in state else "none"
    make = partial(PixelDiscriminator, in_channels, width=width, norm=norm)
    return fit(make, rename(state, PIXEL_NAMES), PIXEL_NAMES, source=PIXEL)
