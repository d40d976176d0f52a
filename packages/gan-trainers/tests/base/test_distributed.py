"""On the CPU, a program that accelerate launched uses the cores that are there."""

import os

import pytest
import torch
from gan_trainers.base.distributed import use_all_cores


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.get_num_threads
    torch.set_num_threads(before)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="cores cannot be counted alike here")
@pytest.mark.parametrize("processes", [1, 2])
def test_the_launchers_single_thread_becomes_a_share_of_the_cores(threads, monkeypatch, processes):
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "no")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", str(processes))
    torch.set_num_threads(1)
    use_all_cores()
    assert threads() == max(1, len(os.sched_getaffinity(0)) // processes)


@pytest.mark.parametrize(
    "environment", [{"OMP_NUM_THREADS": "1"}, {"ACCELERATE_MIXED_PRECISION": "no", "OMP_NUM_THREADS": "3"}]
)
def test_a_number_that_somebody_chose_stays(threads, monkeypatch, environment):
    monkeypatch.delenv("ACCELERATE_MIXED_PRECISION", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    torch.set_num_threads(1)
    use_all_cores()
    assert threads() == 1
