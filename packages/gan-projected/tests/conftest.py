"""Stored values of the official code, and small networks for several tests."""

import copy
import json
import os
from pathlib import Path

import pytest
import torch
from gan_projected import Backbone, Projector
from safetensors import safe_open


def parity_file(name):
    """The file in tests/parity, or a larger one that is not in the repository."""
    here, elsewhere = Path(__file__).parent / "parity", os.environ.get("GAN_PARITY_DIR")
    beside_repository = Path(__file__).parents[min(4, len(Path(__file__).parents) - 1)] / "shared" / "parity"
    for folder in (here, Path(elsewhere) if elsewhere else beside_repository):
        if (folder / f"{name}.safetensors").is_file():
            return folder / f"{name}.safetensors"
    return pytest.skip(f"{name}.safetensors is not in the repository; set GAN_PARITY_DIR to its folder")


def read(name):
    with safe_open(parity_file(name), "pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  # not a dict
        exponents = json.loads(file.metadata().get("int8_exponents", "{}"))
    for key, exponent in exponents.items():
        tensors[f"weights/{key}"] = tensors[f"weights/{key}"].float() * 2.0**-exponent
    return {k: v.float() if v.is_floating_point() else v for k, v in tensors.items()}


def part(tensors, prefix):
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


@pytest.fixture(scope="session")
def official_backbone():
    return part(read("pg_backbone_lite0"), "weights/")


@pytest.fixture(scope="session")
def read_parity(official_backbone):
    """A file's name to (weights, inputs, outputs); the weights include the backbone."""

    def with_backbone(name):
        tensors = read(name)
        prefix = "feature_network." if name.startswith("pg_disc") else ""
        weights = {f"{prefix}{k}": v for k, v in official_backbone.items()} | part(tensors, "weights/")
        return weights, part(tensors, "input/"), part(tensors, "output/")

    return with_backbone


@pytest.fixture(scope="session")
def tiny_backbone():
    """Untrained, a tenth of the size of lite0."""
    return Backbone("mobilenetv3_small_050", weights="random")


@pytest.fixture
def projector(tiny_backbone):
    return Projector(copy.deepcopy(tiny_backbone), channels=(4, 6, 8, 10))


@pytest.fixture(scope="session")
def images():
    def build(size=128, batch=2, channels=3, seed=0):
        random = torch.Generator().manual_seed(seed)
        return torch.rand(batch, channels, size, size, generator=random) * 2 - 1

    return build
