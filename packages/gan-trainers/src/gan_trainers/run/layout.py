"""The memory layout of a run: plain, or channels-last."""

from collections.abc import Collection

import torch
from torch import nn

from gan_trainers.run._sharding import has_shards


class Layout:
    """The memory layout of a run's networks and images.

    On a GPU, channels-last is used in low precision, where tensor cores need it. On a CPU it depends on the
    networks: those with the attribute `prefers_channels_last`, such as `gan_nets.ResnetGenerator`, train
    faster in it on processors with AVX-512 (by 1.1 to 1.36), and not on those with AVX2 alone (0.9 to 1.0).
    The other networks of a run follow, since they get its images. The choice depends on nothing that is
    timed, so that a run that is resumed computes the same.

    Args:
        device: of the networks.
        low_precision: whether they compute in bf16 or fp16.
        channels_last: the layout if it is given; None for the one that measured faster.

    Attributes:
        channels_last: whether it is used.
    """

    def __init__(self, device: torch.device, *, low_precision: bool, channels_last: bool | None) -> None:
        on_cpu = device.type == "cpu"
        fast_in_it = torch.backends.cpu.get_cpu_capability().startswith("AVX512")
        self._follows_networks = channels_last is None and on_cpu and fast_in_it
        fast_on_gpu = low_precision and not on_cpu
        self.channels_last: bool = fast_on_gpu if channels_last is None else channels_last

    @property
    def memory_format(self) -> torch.memory_format:
        """Of weights and images (N, C, H, W)."""
        return torch.channels_last if self.channels_last else torch.contiguous_format

    def apply_(self, networks: Collection[nn.Module]) -> None:
        """Convert all networks of a run, in place."""
        if self._follows_networks:
            modules = (module for network in networks for module in network.modules())
            self.channels_last = any(getattr(module, "prefers_channels_last", False) for module in modules)
        for network in networks:
            if not has_shards(network):
                network.to(memory_format=self.memory_format)  # type: ignore[call-overload]
