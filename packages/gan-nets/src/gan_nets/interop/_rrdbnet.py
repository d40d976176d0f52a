"""Checkpoints of ESRGAN's generator: BasicSR's keys, and the two older sets of xinntao/ESRGAN."""

import re
from functools import partial
from typing import NamedTuple

from torch import Tensor

from gan_nets.interop._names import Names, StateDict, count, fit, rename, unwrapped, weight_shape
from gan_nets.networks.rrdb import UNSHUFFLE, RRDBNet

RRDBNET = "the BasicSR RRDBNet checkpoint"
ESRGAN = "the ESRGAN checkpoint"


class _Layout(NamedTuple):
    """The original's names of its layers, from the first to the last.

    Attributes:
        source: name of the checkpoint, for errors.
        dense: of a convolution in a dense block, with its place to be filled in.
        ends: of the layers around the blocks: input, trunk, each upsampling, full size, output.
    """

    source: str
    dense: str
    blocks: int
    ends: list[str]

    @property
    def ups(self) -> int:
        """Number of upsamplings by 2."""
        return len(self.ends) - 4

    @property
    def names(self) -> Names:
        """Our layers by the original's."""
        ours = ["input", "trunk", *(f"ups.{up}" for up in range(self.ups)), "full_size", "output"]
        names = dict(zip(self.ends, ours, strict=True))
        for block in range(self.blocks):
            for dense in range(3):
                for conv in range(5):
                    theirs = self.dense.format(block=block, dense=dense + 1, conv=conv + 1)
                    names[theirs] = f"blocks.{block}.dense.{dense}.convs.{conv}"
        return names


def _basicsr(state: StateDict) -> _Layout:
    blocks = count(state, r"body\.(\d+)\.rdb1\.", source=RRDBNET)
    ups = [f"conv_up{up + 1}" for up in range(_numbers(state, r"conv_up(\d+)\."))]
    ends = ["conv_first", "conv_body", *ups, "conv_hr", "conv_last"]
    return _Layout(RRDBNET, "body.{block}.rdb{dense}.conv{conv}", blocks, ends)


def _later(state: StateDict) -> _Layout:
    """Keys of `RRDB_ESRGAN_x4.pth`, of BSRGAN and RealSR."""
    blocks = count(state, r"RRDB_trunk\.(\d+)\.RDB1\.", source=ESRGAN)
    ups = [f"upconv{up + 1}" for up in range(_numbers(state, r"upconv(\d+)\."))]
    ends = ["conv_first", "trunk_conv", *ups, "HRconv", "conv_last"]
    return _Layout(ESRGAN, "RRDB_trunk.{block}.RDB{dense}.conv{conv}", blocks, ends)


def _first(state: StateDict) -> _Layout:
    """Keys of `RRDB_ESRGAN_x4_old_arch.pth`: one list, in which resizing and activation count too."""
    blocks = count(state, r"model\.1\.sub\.(\d+)\.RDB1\.", source=ESRGAN)
    last = max(int(match[1]) for key in state if (match := re.match(r"model\.(\d+)\.", key)))
    ups = max(0, last - 4) // 3
    if f"model.{3 * ups}.weight" not in state and ups and "model.2.weight" in state:
        raise ValueError(
            f"{ESRGAN} does not fit: it upsamples by pixel shuffle (model.2), and RRDBNet by interpolation"
        )
    convs = [f"model.{3 * up + 3}" for up in range(ups)]
    ends = ["model.0", f"model.1.sub.{blocks}", *convs, f"model.{3 * ups + 2}", f"model.{3 * ups + 4}"]
    return _Layout(ESRGAN, "model.1.sub.{block}.RDB{dense}.conv{conv}.0", blocks, ends)


def _numbers(state: StateDict, pattern: str) -> int:
    return len({match[1] for key in state if (match := re.match(pattern, key))})


def rrdbnet_from_basicsr(state_dict: StateDict) -> dict[str, Tensor]:
    """The original RRDBNet's state dict (keys conv_first, body.0.rdb1.conv1, ...) under RRDBNet's keys.

    Examples:
        >>> layers = "conv_first", "body.0.rdb1.conv1", "conv_last"
        >>> list(rrdbnet_from_basicsr({f"{name}.bias": torch.zeros(8) for name in layers}))
        ['input.bias', 'blocks.0.dense.0.convs.0.bias', 'output.bias']
    """
    state = unwrapped(state_dict)
    return rename(state, _basicsr(state).names)


def load_basicsr_rrdbnet(state_dict: StateDict, *, scale: int | None = None) -> RRDBNet:
    """The RRDBNet that fits the original's state dict, with its weights, in eval mode.

    Scale, blocks, width, growth and channels are read off the weights. Images of the original are in
    [0, 1], here in [-1, 1]: `(net(2 * x01 - 1) + 1) / 2` is what the original returns for x01.

    Args:
        state_dict: as saved by BasicSR; also Real-ESRGAN's models.
        scale: if input and output have different channels. Otherwise it is 2 to the number of upsamplings,
            divided by 2 or 4 if the first convolution takes 4 or 16 times the channels of the output.

    Raises:
        ValueError: the state dict is another network's; missing and unexpected keys are listed.

    Examples:
        >>> net = load_basicsr_rrdbnet(read_checkpoint("RealESRGAN_x4plus.pth"))  # doctest: +SKIP
    """
    state = unwrapped(state_dict)
    return _load(state, _basicsr(state), scale)


def load_esrgan_rrdbnet(state_dict: StateDict) -> RRDBNet:
    """The RRDBNet of scale 1 to 16 that fits ESRGAN's state dict, with its weights, in eval mode.

    Args:
        state_dict: keys RRDB_trunk.0.RDB1.conv1... (`RRDB_ESRGAN_x4.pth`) or model.1.sub.0.RDB1.conv1.0...
            (`RRDB_ESRGAN_x4_old_arch.pth`). As in BasicSR, images of the original are in [0, 1], here in
            [-1, 1].

    Raises:
        ValueError: the state dict is another network's; missing and unexpected keys are listed.

    Examples:
        >>> net = load_esrgan_rrdbnet(read_checkpoint("RRDB_ESRGAN_x4.pth"))  # doctest: +SKIP
    """
    state = unwrapped(state_dict)
    is_first = any(key.startswith("model.1.sub.") for key in state)
    return _load(state, _first(state) if is_first else _later(state), None)


def _load(state: StateDict, layout: _Layout, scale: int | None) -> RRDBNet:
    source, upsampling = layout.source, 2**layout.ups
    width, unshuffled = weight_shape(state, layout.ends[0], source=source)
    out_channels, _ = weight_shape(state, layout.ends[-1], source=source)
    growth, _ = weight_shape(state, layout.dense.format(block=0, dense=1, conv=1), source=source)
    if scale is None:
        shuffle = {4 * out_channels: 2, 16 * out_channels: 4}.get(unshuffled, 1)
        scale = upsampling // shuffle or upsampling
    if scale not in UNSHUFFLE or upsampling // scale not in (1, 2, 4):
        raise ValueError(
            f"{source} does not fit: it upsamples {upsampling} times, of which scale {scale} is not supported"
        )
    unshuffle = upsampling // scale
    make = partial(
        RRDBNet,
        unshuffled // unshuffle**2,
        out_channels,
        scale=scale,
        blocks=layout.blocks,
        width=width,
        growth=growth,
        unshuffle=None if unshuffle == UNSHUFFLE[scale] else unshuffle,
    )
    return fit(make, rename(state, layout.names), layout.names, source=source)
