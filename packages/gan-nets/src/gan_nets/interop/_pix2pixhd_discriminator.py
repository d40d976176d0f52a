"""Checkpoints of NVIDIA/pix2pixHD: its discriminator."""

import re
from functools import partial
from itertools import chain

from torch import Tensor

from gan_nets.interop._names import Names, StateDict, biased_norm_of, fit, rename, unwrapped, weight_shape
from gan_nets.networks.multiscale import MultiscaleDiscriminator

DISCRIMINATOR = "the pix2pixHD discriminator checkpoint"


def multiscale_from_pix2pixhd(state_dict: StateDict) -> dict[str, Tensor]:
    """The original discriminator's state dict under MultiscaleDiscriminator's keys.

    Both of its forms: keys scale0_layer0.0... with intermediate features, layer0.0... without.

    Examples:
        >>> layers = "scale0_layer0.0", "scale0_layer1.0", "scale0_layer2.0"
        >>> list(multiscale_from_pix2pixhd({f"{name}.bias": torch.zeros(8) for name in layers}))
        ['scales.0.blocks.0.conv.bias', 'scales.0.blocks.1.conv.bias', 'scales.0.output.bias']
    """
    state = unwrapped(state_dict)
    return rename(state, _Discriminator(state).names)


def load_pix2pixhd_discriminator(state_dict: StateDict) -> MultiscaleDiscriminator:
    """The MultiscaleDiscriminator that fits the original's state dict, with its weights, in eval mode.

    Args:
        state_dict: as saved by the original code (`latest_net_D.pth`), with intermediate features or without.

    Raises:
        ValueError: the state dict is another network's; missing and unexpected keys are listed.

    Examples:
        >>> net = load_pix2pixhd_discriminator(read_checkpoint("latest_net_D.pth"))  # doctest: +SKIP
    """
    state = unwrapped(state_dict)
    layout = _Discriminator(state)
    width, in_channels = weight_shape(state, layout.conv(0, 0), source=DISCRIMINATOR)
    make = partial(
        MultiscaleDiscriminator,
        in_channels,
        scales=layout.scales,
        layers=layout.layers,
        width=width,
        norm=biased_norm_of(state, layout.norm(0, 1)),
    )
    return fit(make, rename(state, layout.names), layout.names, source=DISCRIMINATOR)


class _Discriminator:
    """Scales and layers, derived from the keys; the original counts the scales from the smallest one on."""

    def __init__(self, state: StateDict) -> None:
        self.with_features = any(key.startswith("scale") for key in state)
        pattern = r"scale(\d+)_layer(\d+)\.\d+\." if self.with_features else r"layer(\d+)\.(\d+)\."
        found = [(int(match[1]), int(match[2])) for key in state if (match := re.match(pattern, key))]
        if not found:
            raise ValueError(
                f"{DISCRIMINATOR} does not fit: expected keys such as 'scale0_layer0.0.weight' or "
                f"'layer0.0.weight'; got {', '.join(list(state)[:5]) or 'no keys'}"
            )
        self.scales = max(scale for scale, _ in found) + 1
        last = max(index for _, index in found)
        # Two layers of stride 1 follow; in one list, all blocks but the first have three modules.
        self.layers = max(1, last - 1 if self.with_features else (last - 2) // 3)

    def conv(self, scale: int, block: int) -> str:
        """The original's path of a block's convolution; the block after the last is the output."""
        if self.with_features:
            return f"scale{scale}_layer{block}.0"
        return f"layer{scale}.{max(0, 3 * block - 1)}"

    def norm(self, scale: int, block: int) -> str:
        """The original's path of a block's norm, the module after its convolution."""
        path, _, index = self.conv(scale, block).rpartition(".")
        return f"{path}.{int(index) + 1}"

    @property
    def names(self) -> Names:
        """Our layers by the original's."""
        scales = (self._scale(scale, f"scales.{self.scales - 1 - scale}") for scale in range(self.scales))
        return dict(chain.from_iterable(names.items() for names in scales))

    def _scale(self, scale: int, ours: str) -> dict[str, str]:
        names = {self.conv(scale, 0): f"{ours}.blocks.0.conv"}
        for block in range(1, self.layers + 1):
            names[self.conv(scale, block)] = f"{ours}.blocks.{block}.conv"
            names[self.norm(scale, block)] = f"{ours}.blocks.{block}.norm"
        return names | {self.conv(scale, self.layers + 1): f"{ours}.output"}
