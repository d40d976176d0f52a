"""Networks prepared for training: device, precision, processes, kernels."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import nn

from gan_trainers.base.batch_norm import synchronize_batch_norm_
from gan_trainers.base.distributed import broadcast_weights
from gan_trainers.base.waiting import process_count
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


@dataclass(frozen=True)
class Preparation:
    """How the networks of a run compute.

    Attributes:
        device: where.
        dtype: autocast type, None for float32.
        compile_mode: torch's name of the mode in which networks are compiled in place; None: they are not.
        activation_checkpointing: whether networks recompute activations where they can.
    """

    device: torch.device
    dtype: torch.dtype | None
    compile_mode: str | None
    activation_checkpointing: bool

    def prepare_(self, network: nn.Module) -> int:
        """Prepare a network in place; all processes get the weights of the first.

        Returns:
            The number of its parts that recompute their activations.
        """
        parts = 0
        if process_count() > 1:
            synchronize_batch_norm_(network)
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
