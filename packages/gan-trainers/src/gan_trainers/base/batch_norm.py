"""Batch normalization over the batches of all processes."""

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from gan_trainers.base.distributed import sum_over_processes
from gan_trainers.base.waiting import process_count


class SynchronizedBatchNorm2d(nn.BatchNorm2d):
    """Batch normalization over the batches of all processes together (Ioffe and Szegedy 2015, alg. 1).

    Two processes with half of a batch each then equal one process with the whole batch, on any device;
    torch's SyncBatchNorm does the same on CUDA only. Keys and arguments are those of BatchNorm2d.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - BatchNorm2d's own name
        """Normalize (N, C, H, W) by the statistics of all processes while training."""
        if not self.training or process_count() == 1:
            return super().forward(input)
        x = input.to(torch.promote_types(input.dtype, torch.float32))  # sums of bf16 lose digits
        # Counts differ when a last batch is uneven, so the count is summed with the values.
        count = x.new_tensor([x.numel() / x.shape[1]]).expand(x.shape[1])
        sums = sum_over_processes(torch.stack([x.sum((0, 2, 3)), count]))
        total = sums[1]
        mean = sums[0] / total
        centered = x - mean[:, None, None]
        variance = sum_over_processes(centered.square().sum((0, 2, 3))) / total
        self._update_running_statistics(mean.detach(), variance.detach() * (total / (total - 1)))
        scale = torch.rsqrt(variance + self.eps)
        if self.weight is None:
            return (centered * scale[:, None, None]).to(input.dtype)
        normalized = centered * (scale * self.weight)[:, None, None] + self.bias[:, None, None]
        return normalized.to(input.dtype)

    def _update_running_statistics(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None:
            return
        if self.num_batches_tracked is not None:
            self.num_batches_tracked += 1
        momentum = self.momentum if self.momentum is not None else 1 / float(self.num_batches_tracked or 1)
        self.running_mean.lerp_(mean, momentum)
        self.running_var.lerp_(variance, momentum)


_SYNCHRONIZED = (SynchronizedBatchNorm2d, nn.SyncBatchNorm)


def synchronize_batch_norm_(module: nn.Module) -> None:
    """Make every BatchNorm2d of `module` use the statistics of all processes, in place.

    Only the class of each layer changes: parameters, buffers, their keys, and optimizers that hold them stay
    as they are.

    Raises:
        ValueError: for a batch norm of another kind in training mode, whose statistics would differ between
            processes.
    """
    for name, layer in module.named_modules():
        if type(layer) is nn.BatchNorm2d:
            layer.__class__ = SynchronizedBatchNorm2d
        elif isinstance(layer, _BatchNorm) and layer.training and not isinstance(layer, _SYNCHRONIZED):
            raise ValueError(
                f"{type(layer).__name__} at '{name}' would use each process's own statistics; "
                "use BatchNorm2d, another normalization, or one process"
            )
