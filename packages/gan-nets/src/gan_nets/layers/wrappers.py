"""Networks inside the wrappers of torch, which hide their attributes."""

from torch import nn
from torch.nn.parallel import DataParallel, DistributedDataParallel
from torch.optim.swa_utils import AveragedModel


def without_wrappers(net: nn.Module) -> nn.Module:
    """The network itself, if it is in DataParallel, DistributedDataParallel or AveragedModel."""
    if isinstance(net, DataParallel | DistributedDataParallel | AveragedModel):
        return without_wrappers(net.module)
    return net
