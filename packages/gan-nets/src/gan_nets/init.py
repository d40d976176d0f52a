"""Initialisations that a recipe applies in plain sight, in place: `init_normal_(net)`."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


def init_normal_(net: nn.Module, std: float = 0.02, *, generator: torch.Generator | None = None) -> None:
    """Weights from N(0, std**2), batch norm's gains from N(1, std**2), biases 0.

    DCGAN (Radford et al. 2016, section 4), pix2pix (Isola et al. 2017, appendix 6.2) and CycleGAN use 0.02.

    Args:
        net: its convolutions, transposed convolutions, linear layers and batch norms are set in place;
            any other layer is left as it is.
        std: standard deviation of weights and gains.
        generator: source of randomness; torch's own by default.
    """
    _init(net, lambda weight: nn.init.normal_(weight, 0.0, std, generator=generator), std, generator)


def init_xavier_(net: nn.Module, gain: float = 0.02, *, generator: torch.Generator | None = None) -> None:
    """Weights from N(0, gain**2 * 2 / (fan_in + fan_out)), batch norm's gains from N(1, 0.02**2), biases 0.

    Glorot and Bengio 2010, equation 16 in its normal form; gain 0.02 is the default of the CUT code.

    Args:
        net: set in place, as by `init_normal_`.
        gain: factor of the standard deviation.
        generator: source of randomness; torch's own by default.
    """
    _init(net, lambda weight: nn.init.xavier_normal_(weight, gain, generator=generator), 0.02, generator)


def _init(
    net: nn.Module, draw_: Callable[[Tensor], Tensor], gain_std: float, generator: torch.Generator | None
) -> None:
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            draw_(module.weight)
        elif isinstance(module, _BatchNorm) and module.affine:
            nn.init.normal_(module.weight, 1.0, gain_std, generator=generator)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
