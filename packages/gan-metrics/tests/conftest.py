"""What several tests need."""

import pickle
import subprocess
import sys

import pytest

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
os._exit(0)  # torch 2.6 hangs at times in destroy_process_group
"""


@pytest.fixture
def in_two_processes(tmp_path):
    """Calls a function of a test file with its rank in two processes that gloo joins; what each returned.

    They are fresh ones: forks of a process that torch has been at work in hang at times.
    """

    def run(file, function, *arguments):
        (tmp_path / "arguments.pickle").write_bytes(pickle.dumps(arguments))
        command = [sys.executable, "-c", RANK, file, function, str(tmp_path)]
        ranks = [subprocess.Popen([*command, rank], stderr=subprocess.PIPE, text=True) for rank in "01"]
        said = [rank.communicate(timeout=120)[1] for rank in ranks]
        assert [rank.returncode for rank in ranks] == [0, 0], said
        return [pickle.loads((tmp_path / f"answer-{rank}.pickle").read_bytes()) for rank in "01"]

    return run
