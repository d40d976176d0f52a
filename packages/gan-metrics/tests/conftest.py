"""Images, and a way to run a function in two processes."""

import pickle
import subprocess
import sys

import pytest
import torch

RANK = """
import importlib.util, os, pickle, sys
import torch.distributed as dist

file, function, folder, rank = sys.argv[1:]
spec = importlib.util.spec_from_file_location("tests_of_ranks", file)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
with open(f"{folder}/arguments.pickle", "rb") as stored:
    arguments = pickle.load(stored)
dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=int(rank), world_size=2)
answer = getattr(module, function)(int(rank), *arguments)
with open(f"{folder}/answer-{rank}.pickle", "wb") as stored:
    pickle.dump(answer, stored)
dist.barrier()
os._exit(0)  # torch 2.6 sometimes hangs in destroy_process_group
"""


@pytest.fixture
def in_two_processes(tmp_path):
    """Call a function of a test file with its rank in two gloo processes; returns both results.

    The processes are new ones: forks of a process that has used torch sometimes hang.
    """

    def run(file, function, *arguments):
        (tmp_path / "arguments.pickle").write_bytes(pickle.dumps(arguments))
        command = [sys.executable, "-c", RANK, file, function, str(tmp_path)]
        ranks = [subprocess.Popen([*command, rank], stderr=subprocess.PIPE, text=True) for rank in "01"]
        errors = [rank.communicate(timeout=120)[1] for rank in ranks]
        assert [rank.returncode for rank in ranks] == [0, 0], errors
        return [pickle.loads((tmp_path / f"answer-{rank}.pickle").read_bytes()) for rank in "01"]

    return run


@pytest.fixture
def pair():
    """Four predictions with increasing errors and their targets, all within [-1, 1]."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(4, 3, 6, 8, generator=generator)
    target = torch.nn.functional.interpolate(coarse, size=(24, 37), mode="bilinear") * 1.6 - 0.8
    noise = torch.randn(target.shape, generator=generator)
    prediction = target + torch.tensor([0.01, 0.05, 0.1, 0.3]).reshape(4, 1, 1, 1) * noise
    return prediction.clamp(-1, 1), target


@pytest.fixture
def as_arrays():
    """Each image as scikit-image expects it: (H, W, C), float64 in [0, 1]."""
    return lambda images: [(image.double().permute(1, 2, 0).numpy() + 1) / 2 for image in images]
