"""Batch norms with fixed statistics, folded into the convolutions before them where possible."""

import copy
from typing import cast

import torch
from timm.layers import BatchNormAct2d  # pyright: ignore[reportPrivateImportUsage] - it is public
from torch import Tensor, nn


class Affine(nn.Module):
    """scale * x + shift for each channel: a batch norm with fixed statistics."""

    scale: Tensor
    shift: Tensor

    def __init__(self, scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.register_buffer("scale", scale[:, None, None])
        self.register_buffer("shift", shift[:, None, None])

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        return torch.addcmul(self.shift, x, self.scale)


def without_batch_norm(network: nn.Module, probe: Tensor) -> nn.Module:
    """The network in evaluation mode without batch norms, equal up to rounding.

    scale * (weight * x + bias) + shift is one convolution. Where a batch norm's input is not the output of
    one convolution, or has other consumers (the shortcut of a pre-activation network), it becomes an
    `Affine`.

    Args:
        network: returns a list of maps. It is converted to float64, so that the comparison of outputs is
            exact, and must not be used afterwards.
        probe: an image for the network, (1, 3, H, W).

    Returns:
        A network in float64.
    """
    network, probe = network.double().eval(), probe.double()
    with torch.no_grad():
        pairs = _pairs(network, probe)
        folded = _replaced(network, pairs)
        same = all(
            torch.allclose(got, expected, rtol=1e-9, atol=1e-9 * float(expected.abs().max()))
            for got, expected in zip(folded(probe), network(probe), strict=True)
        )
        if not same:  # some convolution's output has another consumer
            folded = _replaced(network, dict.fromkeys(pairs))
    return folded


def _pairs(network: nn.Module, probe: Tensor) -> dict[str, str | None]:
    """Each batch norm's name, and that of the convolution whose output is its input, or None."""
    outputs: dict[int, tuple[str, Tensor]] = {}  # by id; storing the tensor keeps its id from being reused
    pairs: dict[str, str | None] = {}
    hooks = []

    for name, module in network.named_modules():
        if type(module) in (nn.BatchNorm2d, BatchNormAct2d):

            def note_input(_: nn.Module, x: tuple[Tensor, ...], name: str = name) -> None:
                convolution = outputs.pop(id(x[0]), None)
                pairs[name] = convolution[0] if convolution and name not in pairs else None

            hooks.append(module.register_forward_pre_hook(note_input))
        elif isinstance(module, nn.Conv2d):

            def note_output(_: nn.Module, __: object, out: Tensor, name: str = name) -> None:
                outputs[id(out)] = (name, out)

            hooks.append(module.register_forward_hook(note_output))
    network(probe)
    for hook in hooks:
        hook.remove()
    return pairs


def _replaced(network: nn.Module, pairs: dict[str, str | None]) -> nn.Module:
    """A copy with batch norms folded into their convolutions, and `Affine` instead of the others."""
    network = copy.deepcopy(network)
    for name, convolution in pairs.items():
        norm = cast(nn.BatchNorm2d, network.get_submodule(name))
        scale, shift = _scale_and_shift(norm)
        remaining: list[nn.Module] = [norm.drop, norm.act] if isinstance(norm, BatchNormAct2d) else []  # type: ignore[list-item]
        if convolution is None:
            remaining = [Affine(scale, shift), *remaining]
        else:
            _fold_(cast(nn.Conv2d, network.get_submodule(convolution)), scale, shift)
        parent, _, leaf = name.rpartition(".")
        replacement = remaining[0] if len(remaining) == 1 else nn.Sequential(*remaining)
        setattr(network.get_submodule(parent), leaf, replacement)
    return network


def _scale_and_shift(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """The batch norm as y = scale * x + shift."""
    mean, variance = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
    scale = norm.weight.detach() * (variance + norm.eps).rsqrt()
    return scale, norm.bias.detach() - mean * scale


def _fold_(convolution: nn.Conv2d, scale: Tensor, shift: Tensor) -> None:
    """Scale and shift the convolution's output by changing its weights."""
    convolution.weight.mul_(scale[:, None, None, None])
    bias = shift if convolution.bias is None else convolution.bias.detach() * scale + shift
    convolution.bias = nn.Parameter(bias, requires_grad=False)
