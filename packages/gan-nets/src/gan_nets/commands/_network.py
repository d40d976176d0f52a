"""The network that a command runs, on the device where it computes."""

from typing import TYPE_CHECKING

from cyclopts import CycloptsError

from gan_nets.tiling.precision import Precision, autocast_dtype

if TYPE_CHECKING:
    import torch

    from gan_nets.networks.spandrel_net import SpandrelNet
    from gan_nets.saving.pretrained import PretrainedModule


def load_network(
    checkpoint: str,
    net: str | None,
    device: str | None,
    precision: Precision,
    *,
    revision: str | None,
    subfolder: str | None,
) -> "PretrainedModule | SpandrelNet":
    """The network in a folder, a repository or a file, in evaluation mode.

    Args:
        checkpoint: what gan_nets.load opens.
        net: which network of a run's folder.
        device: its name, or None for an accelerator if there is one.
        precision: that it will compute in, to be checked.
        revision: of a repository on the Hub.
        subfolder: folder of the network inside of the folder or repository.

    Raises:
        OSError: there is no network.
        ValueError: there are several, or the device is not available.
        CycloptsError: the device does not have the precision.
    """
    from gan_nets.layers.cpu.kernels import use_cpu_kernels_
    from gan_nets.loading.load import load

    where = _device(device)
    try:
        autocast_dtype(precision, where.type)
    except ValueError as error:
        raise CycloptsError(f"--{error}") from None
    network = load(checkpoint, net, revision=revision, subfolder=subfolder, device=where)
    if where.type == "cpu":
        use_cpu_kernels_(network)
    return network


def _device(name: str | None) -> "torch.device":
    import torch

    if name is None:
        found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
        return found or torch.device("cpu")
    from gan_nets.saving.placement import available_device

    try:
        return available_device(name)
    except ValueError as error:
        raise ValueError(f"--{error}") from None
