"""Open a checkpoint of another project: as a network of this package, or as one of spandrel's."""

from pathlib import Path

from gan_nets.interop._checkpoint import read_checkpoint
from gan_nets.interop._spandrel import spandrel_net
from gan_nets.interop.conversion import convert
from gan_nets.networks.spandrel_net import SpandrelNet
from gan_nets.saving.pretrained import PretrainedModule


def open_checkpoint(path: Path, part: str | None) -> PretrainedModule | SpandrelNet:
    """The network of a file, in eval mode, on the CPU; this package's own class wherever there is one.

    Args:
        path: read as by `read_checkpoint`, which executes nothing.
        part: name of one of several state dicts; by default averaged weights are preferred, then a generator.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file cannot be read safely; or its tensors are neither of a known family nor, with
            gan-nets[spandrel], of an architecture of spandrel; or they do not fit.
    """
    state = read_checkpoint(path, part=part)
    try:
        try:
            return convert(state)
        except ValueError:
            net = spandrel_net(state)
            if net is None:
                raise
            return net
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
