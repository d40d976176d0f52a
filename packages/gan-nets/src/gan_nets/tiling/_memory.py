"""How large an image a network can process at once in the free memory."""

import weakref
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from gan_nets.tiling.padding import least_size

PROBE = 64  # minimum side of an image that a network is tried on
UNKNOWN = 2 * 2**30  # bytes to assume where the system does not report its free memory


class _PeakMemory(TorchFunctionMode):
    """Measures inside the block; `bytes` is the maximum that torch functions' results held at once."""

    def __init__(self, existing: Iterable[Tensor]) -> None:
        super().__init__()
        self.bytes = 0
        self._now = 0
        # Held here, so that no new storage gets the id of one that is not to be counted.
        self._existing = [tensor.untyped_storage() for tensor in existing]
        self._alive = {id(storage) for storage in self._existing}

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        out: Any = func(*args, **(kwargs or {}))
        results: Iterable[Any] = out if isinstance(out, tuple | list) else (out,)
        for result in results:
            if isinstance(result, Tensor):
                self._add(result.untyped_storage())
        return out

    def _add(self, storage: torch.UntypedStorage) -> None:
        if id(storage) in self._alive:  # a view, or written in place
            return
        self._alive.add(id(storage))
        self._now += storage.nbytes()
        self.bytes = max(self.bytes, self._now)
        weakref.finalize(storage, self._remove, id(storage), storage.nbytes())

    def _remove(self, key: int, size: int) -> None:
        self._alive.discard(key)
        self._now -= size


@torch.no_grad()
def bytes_per_pixel(net: nn.Module, channels: int) -> float:
    """Peak memory of a forward pass per input pixel, measured on a small image.

    The workspace of convolutions is not included.

    Args:
        net: from (1, channels, H, W) to (1, C', s * H, s * W).
        channels: of the input.
    """
    x = probe_of(net, channels)
    with _PeakMemory([x, *net.parameters(), *net.buffers()]) as peak:
        net.forward(x)  # not net(x): a network compiled in place would be compiled again
    return (peak.bytes + x.nbytes) / x[0, 0].numel()


def probe_of(net: Callable[[Tensor], Tensor], channels: int) -> Tensor:
    """A small black image to try a network on, in the dtype and on the device of its parameters."""
    multiple = int(getattr(net, "size_multiple", 1))
    side = -(-max(PROBE, least_size(net)) // multiple) * multiple
    like = next(net.parameters(), torch.empty(0)) if isinstance(net, nn.Module) else torch.empty(0)
    return like.new_zeros(1, channels, side, side)


def free_bytes(device: torch.device) -> int:
    """Free memory of a device, in bytes."""
    if device.type == "cuda":
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + cached
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    return min(_free_in_system(), _free_in_container())


def _free_in_system() -> int:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:  # not Linux
        return UNKNOWN
    kibibytes = {name: int(value.split()[0]) for name, value in (line.split(":") for line in lines)}
    return 1024 * kibibytes["MemAvailable"]


def _free_in_container() -> int:
    folder = Path("/sys/fs/cgroup")
    try:
        limit, used = ((folder / f"memory.{name}").read_text("ascii").strip() for name in ("max", "current"))
        statistics = dict(line.split() for line in (folder / "memory.stat").read_text("ascii").splitlines())
    except OSError:
        return 2**62
    if limit == "max":
        return 2**62
    return int(limit) - int(used) + int(statistics.get("inactive_file", 0))
