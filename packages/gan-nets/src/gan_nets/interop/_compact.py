"""Checkpoints of Real-ESRGAN's compact network, SRVGGNetCompact."""

import math
import re
from functools import partial

from torch import Tensor

from gan_nets.interop._names import Names, StateDict, fit, rename, unwrapped, weight_shape
from gan_nets.layers.activation import Activation
from gan_nets.layers.checks import check_positive
from gan_nets.networks.compact import SRVGGNetCompact

COMPACT = "the Real-ESRGAN SRVGGNetCompact checkpoint"


def compact_from_realesrgan(state_dict: StateDict) -> dict[str, Tensor]:
    """The original SRVGGNetCompact's state dict (keys body.0, body.1, ...) under SRVGGNetCompact's keys.

    Examples:
        >>> layers = "body.0", "body.1", "body.2", "body.3", "body.4"
        >>> list(compact_from_realesrgan({f"{name}.weight": torch.zeros(8) for name in layers}))[:3]
        ['input.conv.weight', 'input.act.weight', 'blocks.0.conv.weight']
    """
    state = unwrapped(state_dict)
    return rename(state, _names(_last(state)))


def load_realesrgan_compact(
    state_dict: StateDict, *, scale: int | None = None, activation: Activation | None = None
) -> SRVGGNetCompact:
    """The SRVGGNetCompact that fits the original's state dict, with its weights, in eval mode.

    Scale, convolutions, width, channels and PReLU are read off the weights. Images of the original are in
    [0, 1], here in [-1, 1]: `(net(2 * x01 - 1) + 1) / 2` is what the original returns for x01.

    Args:
        state_dict: as saved by Real-ESRGAN or BasicSR, such as realesr-general-x4v3.pth
            (`read_checkpoint` takes the entry "params_ema" or "params").
        scale: if input and output have different channels.
        activation: if it is not PReLU, the only one that has weights.

    Raises:
        ValueError: the state dict is another network's, whose missing and unexpected keys are listed; or the
            scale or the activation is needed, or contradicts the weights.

    Examples:
        >>> from torch import nn
        >>> conv, act = nn.Conv2d, nn.PReLU
        >>> net = nn.Sequential(conv(3, 8, 3), act(8), conv(8, 8, 3), act(8), conv(8, 48, 3))
        >>> original = {f"body.{key}": value for key, value in net.state_dict().items()}
        >>> load_realesrgan_compact(original)(torch.zeros(1, 3, 12, 16)).shape
        torch.Size([1, 3, 48, 64])
    """
    state = unwrapped(state_dict)
    last = _last(state)
    width, in_channels = weight_shape(state, "body.0", source=COMPACT)
    shuffled, _ = weight_shape(state, f"body.{last}", source=COMPACT)
    if scale is None:
        scale = _scale(shuffled, in_channels)
    else:
        _check_scale(scale, shuffled, in_channels)
    make = partial(
        SRVGGNetCompact,
        in_channels,
        shuffled // scale**2,
        scale=scale,
        convs=last // 2 - 1,
        width=width,
        activation=_activation(state, activation),
    )
    names = _names(last)
    return fit(make, rename(state, names), names, source=COMPACT)


def _last(state: StateDict) -> int:
    """Number of the last layer of the original's list, in which activations count too."""
    numbers = [int(match[1]) for key in state if (match := re.match(r"body\.(\d+)\.", key))]
    if not numbers:
        raise ValueError(
            f"{COMPACT} does not fit: expected keys such as 'body.0.weight'; "
            f"got {', '.join(list(state)[:5]) or 'no keys'}"
        )
    return max(numbers)


def _scale(shuffled: int, channels: int) -> int:
    scale = math.isqrt(shuffled // channels)
    if channels * scale**2 != shuffled:
        raise ValueError(
            f"{COMPACT} does not fit: expected the last convolution to make {channels} * scale**2 channels; "
            f"got {shuffled}; if input and output have different channels, give scale "
            "(gan-nets convert --scale)"
        )
    return scale


def _check_scale(scale: int, shuffled: int, channels: int) -> None:
    """Raise ValueError for a scale that the channels of input and last convolution contradict."""
    check_positive(scale=scale)
    outputs = shuffled / scale**2
    if not outputs.is_integer() or channels not in (1, outputs):
        raise ValueError(
            f"scale {scale} contradicts the file, whose input has {channels} channels and whose last "
            f"convolution makes {shuffled}, the output's times scale**2; give another scale, or leave it out"
        )


def _activation(state: StateDict, given: Activation | None) -> Activation:
    slopes = next((key for key in state if re.match(r"body\.\d*[13579]\.weight$", key)), None)
    if given is not None and (given == "prelu") != (slopes is not None):
        found = f"whose {slopes} is of PReLU" if slopes else "which has no weights of PReLU"
        raise ValueError(
            f"activation {given} contradicts the file, {found}; give another one, or leave it out"
        )
    if slopes or given:
        return given or "prelu"
    raise ValueError(
        f"{COMPACT} has no weights of PReLU, and does not tell whether its activation is ReLU or LeakyReLU; "
        f'give activation="relu" or "leakyrelu" (gan-nets convert --activation)'
    )


def _names(last: int) -> Names:
    names = {"body.0": "input.conv", "body.1": "input.act", f"body.{last}": "output"}
    for conv in range(last // 2 - 1):
        names |= {f"body.{2 * conv + 2}": f"blocks.{conv}.conv", f"body.{2 * conv + 3}": f"blocks.{conv}.act"}
    return names
