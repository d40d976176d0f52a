"""What several processes must agree on: gradients, weights, batch statistics."""

import os
from collections.abc import Iterator, Sequence

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

_BUCKET_BYTES = 32 * 2**20  # large enough to hide the latency of a call, small against the weights


def use_all_cores() -> None:
    """Share a CPU's cores among the processes, where `accelerate launch` left each with one thread.

    The launcher exports OMP_NUM_THREADS=1 unless it is told otherwise, which suits processes that wait for
    a GPU. Any other number is somebody's choice and stays.
    """
    launched = "ACCELERATE_MIXED_PRECISION" in os.environ
    if launched and os.environ.get("OMP_NUM_THREADS") == "1":
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        torch.set_num_threads(max(1, cores // here))


def process_count() -> int:
    """How many processes train together; 1 outside a process group."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def leave_group() -> None:
    """Leave the process group, if there is one; without it, threads may still run when Python ends."""
    if process_count() > 1:
        dist.destroy_process_group()


def average_gradients(parameters: Sequence[nn.Parameter]) -> None:
    """Replace each parameter's gradient by its mean over all processes.

    A gradient that is None counts as zero, so that a process whose batch did not use a parameter
    still takes part; one that is None everywhere stays None. Does nothing with one process.

    Args:
        parameters: the same ones, in the same order, on every process.
    """
    if process_count() == 1:
        return
    for bucket in _buckets(parameters):
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in bucket]
        used = bucket[0].new_tensor([p.grad is not None for p in bucket])
        flat = torch.cat([used, *(gradient.flatten() for gradient in gradients)])
        dist.all_reduce(flat)
        users, *means = (flat / process_count()).split([len(bucket), *(p.numel() for p in bucket)])
        for index, (parameter, gradient, mean) in enumerate(zip(bucket, gradients, means, strict=True)):
            if parameter.grad is not None or users[index] > 0:
                parameter.grad = gradient.copy_(mean.view(parameter.shape))


def _buckets(parameters: Sequence[nn.Parameter]) -> Iterator[list[nn.Parameter]]:
    bucket: list[nn.Parameter] = []
    size = 0
    for parameter in parameters:
        if bucket and (size + parameter.nbytes > _BUCKET_BYTES or parameter.dtype != bucket[0].dtype):
            yield bucket
            bucket, size = [], 0
        bucket.append(parameter)
        size += parameter.nbytes
    if bucket:
        yield bucket


def share_weights(module: nn.Module) -> None:
    """Give every process the first one's parameters and buffers; does nothing with one process."""
    if process_count() > 1:
        for tensor in [*module.parameters(), *module.buffers()]:
            dist.broadcast(tensor.data, src=0)


def mean_over_processes(values: Tensor) -> Tensor:
    """The mean of `values` over all processes, in place; `values` itself with one process."""
    if process_count() > 1:
        dist.all_reduce(values)
        values /= process_count()
    return values


class _SumOverProcesses(torch.autograd.Function):
    """A sum over processes whose gradient is the sum over processes of the gradients that arrive."""

    @staticmethod
    def forward(ctx: object, values: Tensor) -> Tensor:  # noqa: ARG004 - autograd's signature
        total = values.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: object, *gradients: Tensor) -> Tensor:  # noqa: ARG004 - autograd's signature
        return _SumOverProcesses.apply(gradients[0])  # itself differentiable, for gradient penalties


class SharedBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation over the batches of all processes together (Ioffe and Szegedy 2015, alg. 1).

    Two processes with half of a batch each then equal one process with the whole batch, on any device
    (torch's SyncBatchNorm does the same on CUDA alone). Keys and arguments are BatchNorm2d's.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - BatchNorm2d's own name
        """Normalise (N, C, H, W) by the statistics of all processes while training."""
        if not self.training or process_count() == 1:
            return super().forward(input)
        x = input.to(torch.promote_types(input.dtype, torch.float32))  # sums of bf16 lose digits
        # Counts differ when a last batch is uneven, so the count is summed with the values.
        count = x.new_tensor([x.numel() / x.shape[1]]).expand(x.shape[1])
        sums = _SumOverProcesses.apply(torch.stack([x.sum((0, 2, 3)), count]))
        total = sums[1]
        mean = sums[0] / total
        centred = x - mean[:, None, None]
        variance = _SumOverProcesses.apply(centred.square().sum((0, 2, 3))) / total
        self._remember(mean.detach(), variance.detach() * (total / (total - 1)))
        scale = torch.rsqrt(variance + self.eps)
        if self.weight is None:
            return (centred * scale[:, None, None]).to(input.dtype)
        normal = centred * (scale * self.weight)[:, None, None] + self.bias[:, None, None]
        return normal.to(input.dtype)

    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None:
            return
        if self.num_batches_tracked is not None:
            self.num_batches_tracked += 1
        momentum = self.momentum if self.momentum is not None else 1 / float(self.num_batches_tracked or 1)
        self.running_mean.lerp_(mean, momentum)
        self.running_var.lerp_(variance, momentum)


_SHARED = (SharedBatchNorm2d, nn.SyncBatchNorm)


def share_batch_norm(module: nn.Module) -> None:
    """Make every BatchNorm2d inside `module` use the statistics of all processes, in place.

    Only the class of each layer changes: parameters, buffers, their keys and optimisers that hold
    them stay as they are.

    Raises:
        ValueError: for a batch norm of another kind that is in training mode, which would let the
            processes drift apart.
    """
    for name, layer in module.named_modules():
        if type(layer) is nn.BatchNorm2d:
            layer.__class__ = SharedBatchNorm2d
        elif isinstance(layer, _BatchNorm) and layer.training and not isinstance(layer, _SHARED):
            raise ValueError(
                f"{type(layer).__name__} at '{name}' would use each process's own statistics; "
                "use BatchNorm2d, another normalisation, or one process"
            )
