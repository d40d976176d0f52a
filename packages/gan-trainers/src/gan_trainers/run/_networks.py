"""Networks prepared for training: device, precision, processes, kernels."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from gan_trainers.base.batch_norm import synchronize_batch_norm_
from gan_trainers.base.distributed import broadcast_weights, over_all_processes
from gan_trainers.base.dropout import Draw, draw_dropout_
from gan_trainers.base.waiting import process_count
from gan_trainers.run._sharding import has_shards
from gan_trainers.run.precision import autocast_
from gan_trainers.training.ema import EMA


@runtime_checkable
class HasCPUKernels(Protocol):
    """A network that has faster kernels for the CPU, such as those of gan-nets."""

    def use_cpu_kernels_(self) -> None:
        """Switch to them, in place."""
        ...


@runtime_checkable
class HasCheckpointing(Protocol):
    """A network that can recompute activations in the backward pass, such as the deep ones of gan-nets."""

    def checkpoint_activations_(self) -> int:
        """Do so, in place; returns the number of parts that do."""
        ...


@runtime_checkable
class ComparesSamples(Protocol):
    """A layer that compares the samples of a batch, such as the minibatch deviation of gan-nets."""

    def share_batch_(self, batchwise: Callable[[Callable[[Tensor], Tensor], Tensor], Tensor]) -> None:
        """Use `batchwise(function, rows)` for `function(rows)`, in place."""
        ...


@dataclass(frozen=True)
class Preparation:
    """How the networks of a run compute.

    Attributes:
        device: where.
        dtype: autocast type, None for float32.
        compile_mode: torch's name of the mode in which networks are compiled in place; None: they are not.
        activation_checkpointing: whether networks recompute activations where they can.
        draw: of the run, for the masks of dropout.
    """

    device: torch.device
    dtype: torch.dtype | None
    compile_mode: str | None
    activation_checkpointing: bool
    draw: Draw

    def prepare_(self, network: nn.Module) -> int:
        """Prepare a network in place; all processes get the weights of the first.

        Returns:
            The number of its parts that recompute their activations.
        """
        parts = 0
        if process_count() > 1:
            _share_batches_(network)
        if self.compile_mode is None and not self.activation_checkpointing:
            draw_dropout_(network, self.draw)
        if not has_shards(network):  # which is on the device already, with the weights of the first process
            network.to(self.device)
            broadcast_weights(network)
            if self.device.type == "cpu":
                for module in network.modules():
                    if isinstance(module, HasCPUKernels):
                        module.use_cpu_kernels_()
        if self.activation_checkpointing:
            checkpointing = [module for module in network.modules() if isinstance(module, HasCheckpointing)]
            parts = sum(module.checkpoint_activations_() for module in checkpointing)
        if self.dtype is not None:
            autocast_(network, self.device.type, self.dtype)
        if self.compile_mode is not None and not isinstance(
            network, EMA
        ):  # an average runs too rarely for it to pay off
            network.compile(mode=self.compile_mode)
        return parts


def _share_batches_(network: nn.Module) -> None:
    """Let the layers that mix the samples of a batch mix those of all processes, in place."""
    synchronize_batch_norm_(network)
    for module in network.modules():
        if isinstance(module, ComparesSamples):
            module.share_batch_(over_all_processes)
