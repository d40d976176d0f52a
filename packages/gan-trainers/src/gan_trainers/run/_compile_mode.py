"""The mode of torch.compile: torch's own names, refused where they mean nothing."""

import torch

from gan_trainers.base.errors import OptionError

_CUDA_GRAPHS = "triton.cudagraphs"  # torch's own name of the setting


def check_compile_mode(mode: str, device: torch.device) -> None:
    """Check the name of a mode.

    Args:
        mode: such as "default" and "reduce-overhead".
        device: of the networks.

    Raises:
        OptionError: if torch has no such mode, or it changes nothing on the device.
    """
    if mode == "default":
        return
    modes = _modes()
    if mode not in modes:
        raise OptionError(
            f"--compile expects a mode of torch {torch.__version__}: {', '.join(modes)}; got {mode}"
        )
    if modes[mode] == {_CUDA_GRAPHS: True} and device.type != "cuda":
        raise OptionError(
            f"--compile {mode} consists of CUDA graphs and expects a CUDA GPU; this run is on {device.type}; "
            "use --compile alone"
        )


def uses_cuda_graphs(mode: str, device: torch.device) -> bool:
    """Whether a mode records CUDA graphs there."""
    return device.type == "cuda" and mode != "default" and bool(_modes()[mode].get(_CUDA_GRAPHS))


def _modes() -> dict[str, dict[str, object]]:
    """The settings of each mode of the installed torch."""
    from torch._inductor import list_mode_options  # here, because it imports torch.compile's machinery

    return list_mode_options()
