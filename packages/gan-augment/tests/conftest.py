"""Stored values, and images that any augmentation takes."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file


@pytest.fixture(autouse=True)
def same_numbers_in_every_run():
    torch.manual_seed(0)


@pytest.fixture
def parity():
    """Read one file of stored values: `(inputs, outputs)`."""

    def read(name):
        tensors = load_file(Path(__file__).parent / "parity" / f"{name}.safetensors")

        def part(prefix):
            return {
                key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)
            }

        return part("input/"), part("output/")

    return read


@pytest.fixture
def images():
    """(3, 3, 12, 10) in [-1, 1]."""
    return torch.rand(3, 3, 12, 10, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture
def seeded():
    """A generator that always begins alike."""
    return lambda: torch.Generator().manual_seed(1)
