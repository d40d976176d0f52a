"""The normalisations that the translation networks choose from by name."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

Norm = Literal["batch", "instance", "none"]


class InstanceNorm(nn.Module):
    """Each channel of each picture to mean 0 and variance 1, without parameters or buffers (eps 1e-5).

    Written as group norm with one group a channel: `F.instance_norm` on the CPU returns wrong gradients at
    batch size 1 when the gradient that arrives is channels-last.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalise x (N, C, H, W) over H and W."""
        # In the channels-last layout on the CPU, group norm's backward takes 8 times (float32) to 40 times
        # (bfloat16) as long as that of batch norm over one picture, which is the same function.
        if x.device.type == "cpu" and _is_dense_channels_last(x):
            pictures = [F.batch_norm(picture, None, None, training=True) for picture in x.split(1)]
            return pictures[0] if len(pictures) == 1 else torch.cat(pictures)
        return F.group_norm(x, num_groups=x.shape[1])


def _is_dense_channels_last(x: Tensor) -> bool:
    """Channels-last, with the batch stride that belongs to it.

    A view of a batch of one may have any batch stride, and torch's batch norm then mixes up the layouts of
    the picture and its gradient: that is what makes `F.instance_norm` wrong.
    """
    if x.is_contiguous() or not x.is_contiguous(memory_format=torch.channels_last):
        return False
    return x.stride(0) == x.shape[1:].numel()


def norm_layer(norm: Norm, channels: int) -> nn.Module:
    """The layer that `norm` names, for feature maps of `channels` channels."""
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    if norm == "instance":
        return InstanceNorm()
    if norm == "none":
        return nn.Identity()
    raise ValueError(f'expected norm "batch", "instance" or "none"; got {norm!r}')


def conv_bias(norm: Norm) -> bool:
    """Whether the convolutions of a network with this norm have a bias: the rule of the official code.

    Batch norm brings a shift of its own. Instance norm has none, and the official code counts "none" as batch
    norm; the rule is kept as it is so that its checkpoints fit key by key.
    """
    return norm == "instance"


def normalise(norm: nn.Module, x: Tensor, *, batch_statistics_at_inference: bool) -> Tensor:
    """Apply `norm`, at inference with the batch's own statistics if asked, the running ones left as they are.

    A function and not a subclass of BatchNorm2d, so that it survives `SyncBatchNorm.convert_sync_batchnorm`.
    """
    if norm.training or not batch_statistics_at_inference or not isinstance(norm, _BatchNorm):
        return norm(x)
    return F.batch_norm(x, None, None, norm.weight, norm.bias, training=True, eps=norm.eps)
