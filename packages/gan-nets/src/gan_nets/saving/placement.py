"""The device and the data type of a network that is loaded."""

import torch


def check_placement(device: str | int | torch.device | None, dtype: torch.dtype | None) -> None:
    """Check what `load` and `from_pretrained` are given, before anything is read.

    Raises:
        ValueError: the device is not available, or a network cannot have the data type.
    """
    if device is not None:
        available_device(device)
    if dtype is None:
        return
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point or dtype.itemsize < 2:
        raise ValueError(f"expected dtype as a floating-point type such as torch.bfloat16; got {dtype}")


def available_device(name: str | int | torch.device) -> torch.device:
    """The device of that name.

    Raises:
        ValueError: it is not available here.
    """
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device {name} is not available here ({str(error).splitlines()[0]})") from None
