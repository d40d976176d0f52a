"""Which of a picture's planes a network gets, and what becomes of the others."""

from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.saving.usage import Usage


class Paint(Protocol):
    """From a picture's colours (1, 1 or 3, H, W) in [-1, 1] to the result's."""

    def __call__(self, color: Tensor, /) -> Tensor:
        """(1, 1 or 3, H, W) to (1, 1 or 3, s * H, s * W)."""
        ...


def usage_of(net: nn.Module) -> Usage:
    """What the network is for; one that does not say so translates.

    Raises:
        ValueError: it is not for pictures alone.
    """
    usage = getattr(net, "usage", None) or Usage()
    needs = {
        "labels": "paints maps of labels, and a picture names no classes; call it with gan_data.one_hot's",
        "generate": "makes pictures from noise, and takes none; call it with noise",
        "encode": "encodes the objects of a picture with their map; call it with both",
        "discriminate": "is a discriminator, and makes no pictures; use a generator",
    }
    if usage.task in needs:
        raise ValueError(f"{type(net).__name__} {needs[usage.task]}")
    return usage


def channels_of(net: nn.Module, usage: Usage) -> int | None:
    """Channels of the network's input, or None if it does not say: it then gets what the picture has."""
    return getattr(net, "in_channels", 1 if usage.task == "colorize" else None)


def painted(run: Paint, color: Tensor, *, channels: int | None, usage: Usage, rgb: bool) -> Tensor:
    """What the network makes of a picture in [-1, 1].

    Grey for a network of three channels is that grey three times, and the result's luma is taken. Of colour,
    a network of one channel gets the luma; the picture's chroma is put back, enlarged where the network
    enlarges. A network that makes three channels of one gives colour. A colouriser gets the lightness in its
    own colour space, which is put back beside the chroma that it paints.

    Args:
        run: the network, for [-1, 1].
        color: (1, C, H, W), C = 1 or 3 or what the network takes.
        channels: of the network's input, None for those of the picture.
        usage: what it is for.
        rgb: whether the result is to have three channels in any case.

    Raises:
        ValueError: the picture's channels can't be made the network's.
    """
    given = color.shape[1]
    if usage.task == "colorize":
        return _colorized(run, color, usage)
    if channels in (None, given):
        y = run(color)
    elif (given, channels) == (1, 3):
        y = run(color.expand(-1, 3, -1, -1))
        y = y if rgb or y.shape[1] != 3 else colorspace().rgb_to_gray(y)
    elif (given, channels) == (3, 1):
        y = _by_luma(run, color)
    else:
        raise ValueError(f"expected a picture of {channels} channels, as the network takes; got {given}")
    if y.shape[1] not in (1, 3, given):
        raise ValueError(
            f"expected a network that gives pictures of 1 or 3 channels; got {y.shape[1]}; if these are "
            f'colours to put beside the lightness, say so: net.usage = Usage("colorize", color_space="ycrcb")'
        )
    return y.expand(-1, 3, -1, -1) if rgb and y.shape[1] == 1 else y


def _by_luma(run: Paint, color: Tensor) -> Tensor:
    spaces = colorspace()
    luma, chroma = spaces.split(spaces.rgb_to_ycrcb(color))
    y = run(luma)
    return spaces.ycrcb_to_rgb(spaces.merge(y, enlarged(chroma, y))) if y.shape[1] == 1 else y


def _colorized(run: Paint, color: Tensor, usage: Usage) -> Tensor:
    spaces = colorspace()
    if usage.color_space == "rgb":
        return run(color if color.shape[1] == 1 else spaces.rgb_to_gray(color))
    space = {"ycrcb": spaces.YCRCB, "lab": spaces.LAB}[usage.color_space]
    lightness, _ = spaces.split(space.from_rgb(color.expand(-1, 3, -1, -1)))
    chroma = run(lightness)[:, -2:]  # of a network that paints all three planes, too
    return space.to_rgb(spaces.merge(lightness, chroma))


def enlarged(x: Tensor, like: Tensor) -> Tensor:
    """Planes that went beside the network, (1, K, H, W), to the size of its result; bicubic."""
    if x.shape[-2:] == like.shape[-2:]:
        return x
    return F.interpolate(x, size=like.shape[-2:], mode="bicubic", align_corners=False)


def ranged(run: Paint, usage: Usage) -> Paint:
    """A network of another range of values as one of [-1, 1]; what is beyond is clipped."""
    low, high = usage.value_range

    def in_range(color: Tensor) -> Tensor:
        if (low, high) == (-1.0, 1.0):
            y = run(color)
        else:
            half = (high - low) / 2
            y = (run((color + 1) * half + low) - low) / half - 1
        if not torch.isfinite(y).all():
            raise ValueError("expected numbers; the network made of this picture some that are none")
        return y.clamp(-1, 1)

    return in_range


def colorspace() -> Any:
    """gan_colorspace, which only the extra brings."""
    try:
        import gan_colorspace
    except ImportError as error:
        raise ImportError(
            'grey and colour need gan-colorspace; install it with: pip install "gan-nets[pictures]"'
        ) from error
    return gan_colorspace
