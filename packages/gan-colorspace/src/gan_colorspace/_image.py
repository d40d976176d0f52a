"""The input that every conversion expects, and the precision it computes in."""

import torch
from torch import Tensor

FARTHEST = 32.0  # untrained networks reach 8 in either direction; images in 0..255 are beyond
FROM_BYTES = "image / 127.5 - 1 if it is in 0..255"
_checked: set[str] = set()  # the callers whose first image on a device was checked


def check_image(image: Tensor, channels: int, caller: str) -> None:
    """Raises ValueError unless `image` is floating point, (N, `channels`, H, W) or (`channels`, H, W)."""
    if not image.is_floating_point():
        raise ValueError(
            f"{caller} expects a floating-point image in [-1, 1]; got {image.dtype}; "
            "for 8-bit values pass image / 127.5 - 1"
        )
    if image.ndim not in (3, 4) or image.shape[-3] != channels:
        raise ValueError(
            f"{caller} expects shape (N, {channels}, H, W) or ({channels}, H, W); got {tuple(image.shape)}; "
            f"put the {channels} channel(s) before height and width"
        )


def check_range(image: Tensor, caller: str, formula: str) -> None:
    """Raises ValueError if `image` is far outside [-1, 1]; colors outside by less, as networks predict, pass.

    On the CPU this takes a fraction of the time of a conversion. Elsewhere reading values back would wait for
    the device at each step, so only the first image of each caller in a process is checked; under
    torch.compile and torch.func.vmap, none is.

    Args:
        image: of any shape.
        caller: the name of the function.
        formula: how to scale an image whose values are in the usual range instead.
    """
    if torch.compiler.is_compiling() or image.is_meta or not image.numel():
        return
    if image.device.type != "cpu":
        if caller in _checked:
            return
        _checked.add(caller)
    try:
        low, high = (float(value) for value in image.detach().aminmax())
    except RuntimeError:  # of vmap
        return
    if max(-low, high) > FARTHEST:
        raise ValueError(
            f"{caller} expects values in [-1, 1]; got {low:g} to {high:g}; pass {formula}, "
            "or check whether training diverged"
        )


def widen(image: Tensor) -> Tensor:
    """Half precision (and integers) to float32; float32 and float64 unchanged."""
    return image.to(torch.promote_types(image.dtype, torch.float32))


def to_float64(image: Tensor) -> Tensor:
    """The only dtype that autocast, TF32 and reduced matmul precision do not affect.

    On MPS and XPU, which may lack float64, float32.
    """
    return image.to(torch.float64 if image.device.type in ("cpu", "cuda") else torch.float32)
