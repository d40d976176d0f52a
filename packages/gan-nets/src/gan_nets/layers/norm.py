"""The normalizations that the translation networks choose from by name."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Norm = Literal["batch", "instance", "none"]


class InstanceNorm(nn.Module):
    """Instance norm without parameters or buffers: each channel of each image to mean 0, variance 1.

    eps is 1e-5. Written as group norm with one channel a group: `F.instance_norm` on the CPU returns wrong
    gradients at batch size 1 when the incoming gradient is channels-last.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalize x (N, C, H, W) over H and W."""
        # For channels-last maps on the CPU, the backward pass of group norm takes 8 times (float32) to 40
        # times (bfloat16) as long as that of batch norm over one image, which is the same function.
        if x.device.type == "cpu" and _is_dense_channels_last(x):
            images = [F.batch_norm(image, None, None, training=True) for image in x.split(1)]
            return images[0] if len(images) == 1 else torch.cat(images)
        return F.group_norm(x, num_groups=x.shape[1])


def _is_dense_channels_last(x: Tensor) -> bool:
    """Whether x is channels-last and its batch stride is the size of one image.

    A view of a batch of one may have any batch stride, and torch's batch norm then confuses the layouts of
    the image and its gradient: that is what makes `F.instance_norm` wrong.
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

    Batch norm has a shift of its own; instance norm here has none. The official code treats "none" like batch
    norm, and the rule is kept so that its checkpoints fit key by key.
    """
    return norm == "instance"


def apply_norm(norm: nn.Module, x: Tensor, *, batch_statistics_at_inference: bool) -> Tensor:
    """Apply `norm`, batch norm with the batch's own statistics at inference if asked.

    The running statistics are then not changed. A function and not a subclass of BatchNorm2d, so that it
    survives `SyncBatchNorm.convert_sync_batchnorm`.
    """
    if (
        norm.training
        or not batch_statistics_at_inference
        or not isinstance(norm, nn.BatchNorm2d | nn.SyncBatchNorm)
    ):
        return norm(x)
    return F.batch_norm(x, None, None, norm.weight, norm.bias, training=True, eps=norm.eps)
