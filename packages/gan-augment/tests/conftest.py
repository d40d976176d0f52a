"""Stored values, and images that any augmentation accepts."""

from pathlib import Path

import pytest
import torch
from gan_augment import ADA, Adaptive, DiffAugment, adaptive_diffaugment
from safetensors.torch import load_file

AUGMENTATIONS = {
    "diffaugment": DiffAugment(),
    "adaptive diffaugment": adaptive_diffaugment(0.5),
    "ada": ADA("bgcfnc", p=0.8),
    "adaptive ada": Adaptive(ADA("bgc", p=1.0)),
}


@pytest.fixture(autouse=True)
def same_seed_for_every_test():
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
    """Build a generator that always starts from the same seed."""
    return lambda: torch.Generator().manual_seed(1)


@pytest.fixture(params=AUGMENTATIONS.values(), ids=AUGMENTATIONS.keys())
def every_augmentation(request):
    return request.param
