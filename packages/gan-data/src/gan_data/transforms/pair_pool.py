"""A pool of training pairs, so that a batch holds pairs of different degradations."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor


class PairPool:
    """Up to `capacity` earlier pairs of low- and high-resolution images, exchanged at random.

    Some choices of `HighOrderDegradation` are the same for a whole batch. Wang et al. 2021 (Real-ESRGAN),
    section 4.1, therefore train on pairs from a pool. While it fills, each pair is stored and returned. Once
    it is full, each batch replaces as many random pairs, which are returned instead.

    Random numbers come from the pool's own generator on the CPU, whatever the device of the images. With
    its `state_dict` a run resumes exactly.

    Args:
        capacity: largest number of pairs stored, at least a batch; 180 as published.
        seed: of the random numbers.

    Raises:
        ValueError: capacity is less than 1.

    Examples:
        >>> pool = PairPool(capacity=4)
        >>> low, high = pool.swap(torch.rand(2, 3, 8, 8), torch.rand(2, 3, 32, 32))
        >>> low.shape, high.shape
        (torch.Size([2, 3, 8, 8]), torch.Size([2, 3, 32, 32]))
    """

    def __init__(self, capacity: int = 180, *, seed: int = 0) -> None:
        if capacity < 1:
            raise ValueError(f"expected a capacity of 1 or more pairs; got {capacity}")
        self._capacity = capacity
        self._pairs: list[tuple[Tensor, Tensor]] = []
        self._generator = torch.Generator().manual_seed(seed)

    def swap(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """Swap a batch for one of the same shapes, without gradient.

        Args:
            low: (N, C, h, w), N at most the capacity.
            high: (N, C, H, W), its pairs.

        Returns:
            N pairs: the given ones while the pool fills, then stored ones, all different.

        Raises:
            ValueError: the two differ in number, there are more than the capacity, or the stored pairs have
                other shapes.
        """
        if len(low) != len(high) or not 1 <= len(low) <= self._capacity:
            raise ValueError(
                f"expected as many images of each kind, from 1 to the capacity of {self._capacity}; "
                f"got {len(low)} and {len(high)}"
            )
        shapes = low.shape[1:], high.shape[1:]
        if self._pairs and (stored := tuple(image.shape for image in self._pairs[0])) != shapes:
            raise ValueError(
                f"expected pairs of {_text(stored)}, as the pool holds; got {_text(shapes)}; "
                "use the size of the stored pairs, or a new pool"
            )
        slots = torch.randperm(self._capacity, generator=self._generator)[: len(low)].tolist()
        pairs = zip(low.detach(), high.detach(), slots, strict=True)
        swapped = [self._swap_one(small, large, slot) for small, large, slot in pairs]
        lows, highs = zip(*swapped, strict=True)
        return torch.stack(lows), torch.stack(highs)

    def _swap_one(self, low: Tensor, high: Tensor, slot: int) -> tuple[Tensor, Tensor]:
        pair = low.clone(), high.clone()
        if len(self._pairs) < self._capacity:
            self._pairs.append(pair)
            return low, high
        (stored_low, stored_high), self._pairs[slot] = self._pairs[slot], pair
        return stored_low.to(low.device), stored_high.to(high.device)  # those of a checkpoint are on the CPU

    def state_dict(self) -> dict[str, Any]:
        """The stored pairs, in order, and the state of the random numbers."""
        return {
            "low": [low for low, _ in self._pairs],
            "high": [high for _, high in self._pairs],
            "generator": self._generator.get_state(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the result of `state_dict`.

        Raises:
            ValueError: there are more pairs than `capacity`.
        """
        if len(state["low"]) > self._capacity:
            raise ValueError(
                f"expected at most {self._capacity} pairs for this pool; got {len(state['low'])}; "
                "use the capacity of the stored pool"
            )
        self._pairs = list(zip(state["low"], state["high"], strict=True))
        self._generator.set_state(state["generator"])


def _text(shapes: Sequence[torch.Size]) -> str:
    return " and ".join(str(tuple(shape)) for shape in shapes)
