"""What several training processes exchange: gradients, weights, means."""

import os
from collections.abc import Callable, Iterator, Sequence

import torch
import torch.distributed as dist
from torch import Tensor, nn

from gan_trainers.base.waiting import process_count, waiting

_BUCKET_BYTES = 32 * 2**20  # large enough to hide the latency of a call, small against the weights


def use_all_cores() -> None:
    """Divide a CPU's cores among the processes where `accelerate launch` left each with one thread.

    The launcher exports OMP_NUM_THREADS=1 by default, which suits processes that wait for a GPU; torchrun
    does so for several. Any other number was chosen by the user and stays.
    """
    if is_launched() and os.environ.get("OMP_NUM_THREADS") == "1":
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        torch.set_num_threads(max(1, cores // here))


def is_launched() -> bool:
    """Whether `accelerate launch` or torchrun started this process."""
    return not {"ACCELERATE_MIXED_PRECISION", "TORCHELASTIC_RUN_ID"}.isdisjoint(os.environ)


def leave_group() -> None:
    """Leave the process group, if there is one; otherwise its threads may still run when Python ends."""
    if process_count() > 1:
        dist.destroy_process_group()


def average_gradients(parameters: Sequence[nn.Parameter]) -> None:
    """Replace each parameter's gradient by its mean over all processes.

    A gradient that is None counts as zero, so a process whose batch did not use a parameter still takes
    part; a gradient that is None on all processes stays None. Does nothing with one process.

    Args:
        parameters: the same ones, in the same order, on every process.
    """
    if process_count() == 1:
        return
    for bucket in _buckets(parameters):
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in bucket]
        used = bucket[0].new_tensor([p.grad is not None for p in bucket])
        flat = torch.cat([used, *(gradient.flatten() for gradient in gradients)])
        with waiting("the mean of the gradients"):
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


def broadcast_weights(module: nn.Module) -> None:
    """Copy the first process's parameters and buffers to all others; does nothing with one process."""
    if process_count() > 1:
        with waiting("the weights of the first process"):
            for tensor in [*module.parameters(), *module.buffers()]:
                dist.broadcast(tensor.data, src=0)


def sum_over_processes(values: Tensor) -> Tensor:
    """The sum over all processes, differentiable; `values` itself with one process."""
    return _SumOverProcesses.apply(values) if process_count() > 1 else values


def global_mean(values: Tensor) -> Tensor:
    """The mean of all elements of all processes, each of which has equally many; differentiable.

    For losses that compare with a mean over the batch, such as the relativistic average ones of gan-losses:
    with `mean=global_mean`, two processes with half of a batch each equal one with the whole batch.

    Examples:
        >>> global_mean(torch.tensor([1.0, 3.0]))  # of this one process
        tensor(2.)
    """
    return sum_over_processes(values.mean()) / process_count()


def gather_rows(values: Tensor) -> Tensor:
    """The rows of all processes, in their order; `values` itself with one process.

    Args:
        values: (N, ...), of the same shape on every process; without gradient.
    """
    if process_count() == 1:
        return values
    values = values.contiguous()
    gathered = [torch.empty_like(values) for _ in range(process_count())]
    with waiting("the images of the other processes"):
        dist.all_gather(gathered, values)
    return torch.cat(gathered)


def own_rows(values: Tensor) -> Tensor:
    """This process's part of the rows of all processes: undoes `gather_rows`."""
    return values.chunk(process_count())[dist.get_rank()] if process_count() > 1 else values


def over_all_processes(function: Callable[[Tensor], Tensor], values: Tensor) -> Tensor:
    """This process's rows of `function` of the rows of all processes, differentiable any number of times.

    Args:
        function: from rows to as many rows.
        values: (N, ...), of the same shape on every process.
    """
    if process_count() == 1:
        return function(values)
    zeros = torch.zeros_like(values)
    places = [values if process == dist.get_rank() else zeros for process in range(process_count())]
    return own_rows(function(sum_over_processes(torch.cat(places))))


class _SumOverProcesses(torch.autograd.Function):
    """A sum over processes whose gradient is the sum over processes of the gradients that arrive."""

    @staticmethod
    def forward(ctx: object, values: Tensor) -> Tensor:  # noqa: ARG004 - autograd's signature
        summed = values.clone(memory_format=torch.contiguous_format)
        with waiting("a sum over the processes"):
            dist.all_reduce(summed)
        return summed

    @staticmethod
    def backward(ctx: object, *gradients: Tensor) -> Tensor:  # noqa: ARG004 - autograd's signature
        return _SumOverProcesses.apply(gradients[0])  # itself differentiable, for gradient penalties


def mean_over_processes(values: Tensor) -> Tensor:
    """The mean of `values` over all processes, in place; `values` itself with one process."""
    if process_count() > 1:
        with waiting("the mean of the logged terms"):
            dist.all_reduce(values)
        values /= process_count()
    return values
