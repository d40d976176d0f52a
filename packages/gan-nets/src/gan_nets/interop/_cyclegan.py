"""Checkpoints of the ResNet generators of junyanz/pytorch-CycleGAN-and-pix2pix and of CUT, its successor."""

import re
from functools import partial

import torch
from torch import Tensor

from gan_nets.interop._names import Names, StateDict, fit, norm_of, rename, unwrapped, weight_shape
from gan_nets.networks.resnet import ResnetGenerator

RESNET = "the CycleGAN ResNet checkpoint"

# Taps of the constant blur kernels that CUT stores, in one direction; zero insertion scales the second by 2.
DOWN_BLUR, UP_BLUR = torch.tensor([1.0, 2.0, 1.0]) / 4, torch.tensor([1.0, 3.0, 3.0, 1.0]) / 4


def resnet_from_cyclegan(state_dict: StateDict) -> dict[str, Tensor]:
    """The original generator's state dict (keys model.1, model.10.conv_block.1...) under ResnetGenerator's.

    CUT's constant blur kernels are dropped.

    Examples:
        >>> layers = "model.1", "model.10.conv_block.1", "model.10.conv_block.5"
        >>> list(resnet_from_cyclegan({f"{name}.bias": torch.zeros(8) for name in layers}))
        ['input.conv.bias', 'blocks.0.first.conv.bias', 'blocks.0.conv.bias']
    """
    state = unwrapped(state_dict)
    return rename(_without_blurs(state), _Layout(state).names)


def load_cyclegan_resnet(state_dict: StateDict) -> ResnetGenerator:
    """The ResnetGenerator that fits the original's state dict, with its weights, in eval mode.

    Blocks, width, channels, norm, dropout (0.5 or none), down- and upsampling are read off the keys.

    Args:
        state_dict: as saved by the original code (`latest_net_G_A.pth`, `latest_net_G.pth`).

    Raises:
        ValueError: the state dict is another network's; missing and unexpected keys are listed.

    Examples:
        >>> net = load_cyclegan_resnet(read_checkpoint("latest_net_G_A.pth"))  # doctest: +SKIP
    """
    state = unwrapped(state_dict)
    layout = _Layout(state)
    width, in_channels = weight_shape(state, "model.1", source=RESNET)
    out_channels, _ = weight_shape(state, layout.output, source=RESNET)
    renamed = rename(_without_blurs(state), layout.names)
    make = partial(
        ResnetGenerator,
        in_channels,
        out_channels,
        blocks=layout.blocks,
        width=width,
        norm=norm_of(renamed, first_normed="input"),
        dropout=0.5 if layout.dropout else 0.0,
        downsample="blurred" if layout.blurred else "strided",
        upsample="resized" if layout.resized else "transposed",
    )
    return fit(make, renamed, layout.names, source=RESNET)


class _Layout:
    """Indices of the layers in the original's list of modules, derived from its keys alone.

    Modules without weights count too: the padding before the first and the last convolution and, within a
    block, before both; norm and ReLU; dropout after a block's ReLU. A blur comes after the ReLU when
    downsampling, before the convolution when upsampling.
    """

    def __init__(self, state: StateDict) -> None:
        in_blocks = [match for key in state if (match := re.match(r"model\.(\d+)\.conv_block\.(\d+)", key))]
        if not in_blocks:
            raise ValueError(
                f"{RESNET} does not fit: expected residual blocks such as 'model.10.conv_block.1.weight'; "
                f"got {', '.join(list(state)[:5]) or 'no keys'}"
            )
        indices = {int(match[1]) for match in in_blocks}
        self.blocks = len(indices)
        self.dropout = all(match[2] != "5" for match in in_blocks)  # with it the second convolution is at 6
        self.blurred = "model.7.filt" in state
        self.resized = f"model.{max(indices) + 1}.filt" in state
        self.output, self.names = self._names()

    def _names(self) -> tuple[str, Names]:
        """The last layer and, under their original names, all of them."""
        names = {"model.1": "input.conv", "model.2": "input.norm"}
        index = 4
        for down in range(2):
            names |= {f"model.{index}": f"downs.{down}.conv", f"model.{index + 1}": f"downs.{down}.norm"}
            index += 4 if self.blurred else 3
        second = 6 if self.dropout else 5
        for block in range(self.blocks):
            within = f"model.{index}.conv_block"
            names |= {
                f"{within}.1": f"blocks.{block}.first.conv",
                f"{within}.2": f"blocks.{block}.first.norm",
            }
            names |= {f"{within}.{second}": f"blocks.{block}.conv"}
            names |= {f"{within}.{second + 1}": f"blocks.{block}.norm"}
            index += 1
        for up in range(2):
            index += self.resized
            names |= {f"model.{index}": f"ups.{up}.conv", f"model.{index + 1}": f"ups.{up}.norm"}
            index += 3
        output = f"model.{index + 1}"
        return output, names | {output: "output"}


def _without_blurs(state: StateDict) -> dict[str, Tensor]:
    """The state without the known blur kernels; any other one stays, and is reported as unexpected."""
    return {key: value for key, value in state.items() if not (key.endswith(".filt") and _is_known(value))}


def _is_known(kernel: Tensor) -> bool:
    expected = DOWN_BLUR if kernel.shape[-1:] == (3,) else UP_BLUR
    if kernel.shape[-2:] != (len(expected), len(expected)):
        return False
    return bool(torch.isclose(kernel.float(), torch.outer(expected, expected), atol=1e-3, rtol=0).all())
