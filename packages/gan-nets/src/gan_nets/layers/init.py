"""Initializations that a recipe calls explicitly, in place: `init_normal_(net)`."""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from gan_nets.layers.subpixel import SubpixelConv

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


def init_normal_(net: nn.Module, std: float = 0.02, *, generator: torch.Generator | None = None) -> None:
    """Weights from N(0, std**2), batch norm's gains from N(1, std**2), biases 0.

    DCGAN (Radford et al. 2016, section 4), pix2pix (Isola et al. 2017, appendix 6.2) and CycleGAN use 0.02.

    Args:
        net: its convolutions, transposed convolutions, linear layers and batch norms are set in place;
            any other layer is left as it is.
        std: standard deviation of weights and gains.
        generator: random number generator; torch's default one if not given.

    Examples:
        >>> conv = torch.nn.Conv2d(64, 64, 3)
        >>> init_normal_(conv)
        >>> round(conv.weight.std().item(), 3), conv.bias.abs().max().item()
        (0.02, 0.0)
    """
    _init(net, lambda weight: nn.init.normal_(weight, 0.0, std, generator=generator), std, generator)


def init_xavier_(net: nn.Module, gain: float = 0.02, *, generator: torch.Generator | None = None) -> None:
    """Weights from N(0, gain**2 * 2 / (fan_in + fan_out)), batch norm's gains from N(1, 0.02**2), biases 0.

    Glorot and Bengio 2010, equation 16 in its normal form; gain 0.02 is the default of the CUT code.

    Args:
        net: set in place, as by `init_normal_`.
        gain: factor of the standard deviation.
        generator: random number generator; torch's default one if not given.

    Examples:
        >>> conv = torch.nn.Conv2d(64, 64, 3)
        >>> init_xavier_(conv, gain=1.0)
        >>> round(conv.weight.std().item(), 2)  # sqrt(2 / (64 * 9 + 64 * 9))
        0.04
    """
    _init(net, lambda weight: nn.init.xavier_normal_(weight, gain, generator=generator), 0.02, generator)


def init_kaiming_(net: nn.Module, scale: float = 0.1, *, generator: torch.Generator | None = None) -> None:
    """Weights from N(0, scale**2 * 2 / fan_in), batch norm's gains from N(1, 0.02**2), biases 0.

    He et al. 2015, equation 10, multiplied by `scale` for deep residual networks without a norm, as in
    ESRGAN (Wang et al. 2018, section 3.1) and BasicSR.

    Args:
        net: set in place, as by `init_normal_`.
        scale: factor of the standard deviation.
        generator: random number generator; torch's default one if not given.

    Examples:
        >>> conv = torch.nn.Conv2d(64, 64, 3)
        >>> init_kaiming_(conv)
        >>> round(conv.weight.std().item(), 3)  # 0.1 sqrt(2 / (64 * 9))
        0.006
    """

    def fill_(weight: Tensor) -> Tensor:
        nn.init.kaiming_normal_(weight, generator=generator)
        with torch.no_grad():
            return weight.mul_(scale)

    _init(net, fill_, 0.02, generator)


def init_icnr_(net: nn.Module) -> None:
    """Make the sub-pixel convolutions of a network start as nearest-neighbor upsampling, no checkerboard.

    Aitken et al. 2017, "Checkerboard artifact free sub-pixel convolution", section 3: the filters whose
    outputs become the pixels of one square start equal. Each is set to the square's first filter, so call
    this after any other initialization.

    Args:
        net: a network with sub-pixel convolutions, such as SRResNet and MSRResNet; changed in place.

    Raises:
        ValueError: the network has no sub-pixel convolution.

    Examples:
        >>> net = SRResNet(blocks=1, width=4)
        >>> init_icnr_(net)  # after any other initialization
        >>> net(torch.zeros(1, 3, 4, 4)).shape
        torch.Size([1, 3, 16, 16])
    """
    found = [module for module in net.modules() if isinstance(module, SubpixelConv)]
    if not found:
        raise ValueError(f"expected a network with sub-pixel convolutions; {type(net).__name__} has none")
    for module in found:
        square = module.factor**2
        for values in module.conv.parameters():
            values.data.copy_(values.detach()[::square].repeat_interleave(square, dim=0))


def _init(
    net: nn.Module, fill_: Callable[[Tensor], Tensor], gain_std: float, generator: torch.Generator | None
) -> None:
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            fill_(_stored_weight(module))
            _settle_spectral_norm(module)
        elif isinstance(module, BATCH_NORMS) and module.affine:
            nn.init.normal_(module.weight, 1.0, gain_std, generator=generator)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _stored_weight(module: nn.Module) -> Tensor:
    """The parameter itself: under spectral norm, `weight` is computed from it at each access."""
    if is_parametrized(module, "weight"):
        return cast(Tensor, module.get_parameter("parametrizations.weight.original"))
    return cast(Tensor, module.weight)


@torch.no_grad()
def _settle_spectral_norm(module: nn.Module) -> None:
    """Let spectral norm estimate the norm of a new weight: its vectors are those of the former one.

    It iterates at each access in training mode, once; at its construction 15 times, as here. Otherwise the
    first step has weights about 1.3 times as large as it should, and inference before it hundreds of times.
    """
    if not is_parametrized(module, "weight"):
        return
    normalization = cast(nn.ModuleDict, module.parametrizations)["weight"]
    mode = normalization.training
    normalization.train()
    for _ in range(15):
        _ = module.weight
    normalization.train(mode)
