"""Where a command computes."""

import torch


def device_of(name: str | None) -> torch.device:
    """The device of that name, or an accelerator if there is one.

    Raises:
        ValueError: it can't be had here.
    """
    if name is None:
        found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
        return found or torch.device("cpu")
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"--device {name} can't be had here ({str(error).splitlines()[0]})") from None
    return torch.device(name)
