"""The random number generators that a training loop or a dataset may use."""

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


def random_state() -> dict[str, Any]:
    """The states of Python's, NumPy's and torch's global generators, as plain data and tensors."""
    kind, keys, *rest = np.random.get_state(legacy=True)
    state = {
        "python": random.getstate(),
        "numpy": [str(kind), torch.from_numpy(np.asarray(keys, dtype=np.int64)), *rest],
        "torch": torch.get_rng_state(),
    }
    return state | {name: module.get_rng_state() for name, module in _accelerators().items()}


def set_random_state(state: dict[str, Any]) -> None:
    """Restore the result of `random_state`."""
    kind, keys, *rest = state["numpy"]
    random.setstate(state["python"])
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(state["torch"])
    for name, module in _accelerators().items():
        if name in state:
            module.set_rng_state(state[name])


def random_digest() -> str:
    """A digest of `random_state`: another one as soon as a number was drawn."""
    state = random_state()
    digest = hashlib.sha256(repr(state["python"]).encode())
    for part in [*state.pop("numpy"), *state.values()]:
        digest.update(part.numpy().tobytes() if isinstance(part, torch.Tensor) else repr(part).encode())
    return digest.hexdigest()


def _accelerators() -> dict[str, Any]:
    """The modules of torch for the kinds of accelerators that are there."""
    modules = {"cuda": torch.cuda, "xpu": torch.xpu}
    found: dict[str, Any] = {name: module for name, module in modules.items() if module.is_available()}
    return found | ({"mps": torch.mps} if torch.backends.mps.is_available() else {})


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch's generators inside the block, and restore them afterwards.

    For evaluation and previews with dropout or noise: they are the same each time, and take no random numbers
    from the training.

    Args:
        seed: of the generators of the CPU and of `device`.
        device: of the networks.

    Examples:
        >>> with seeded(0, torch.device("cpu")):
        ...     first = torch.rand(1)
        >>> with seeded(0, torch.device("cpu")):
        ...     print(torch.equal(torch.rand(1), first))
        True
    """
    accelerator = _accelerators().get(device.type)
    before = torch.get_rng_state(), accelerator.get_rng_state() if accelerator else None
    torch.default_generator.manual_seed(seed)  # torch.manual_seed reseeds all accelerators
    if accelerator:
        accelerator.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(before[0])
        if accelerator:
            accelerator.set_rng_state(before[1])


@contextmanager
def seeded_sample(seed: int) -> Iterator[None]:
    """Seed the CPU's global generators (torch, NumPy, Python) inside the block; restore them afterwards."""
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
        torch.set_rng_state(before[2])
