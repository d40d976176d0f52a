"""Freed memory of the CPU."""

import os
import subprocess
import sys

import pytest
from gan_trainers.base.allocator import keep_freed_memory

PROGRAM = """
import resource
import torch
from gan_trainers.base.allocator import keep_freed_memory

keep_freed_memory()
for _ in range(5):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.empty(256 * 2**20, dtype=torch.uint8).fill_(1)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the allocator of Linux")
def test_memory_that_was_freed_is_not_mapped_again(monkeypatch):
    for name in ("GLIBC_TUNABLES", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_"):
        monkeypatch.delenv(name, raising=False)
    # In a process of its own: in one that has run for long, the block may be mapped for other reasons.
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    *_, again = map(int, done.stdout.split())  # a block may lie elsewhere once or twice, until it fits
    assert again < 2000  # page faults; 65,536 for pages of 4 KiB


@pytest.mark.parametrize("name", ["GLIBC_TUNABLES", "MALLOC_TRIM_THRESHOLD_"])
def test_a_configured_allocator_stays_as_it_is(monkeypatch, name):
    monkeypatch.delenv("THP_MEM_ALLOC_ENABLE", raising=False)
    monkeypatch.setenv(name, "glibc.malloc.hugetlb=1" if name == "GLIBC_TUNABLES" else "1000000")
    keep_freed_memory()
    assert "THP_MEM_ALLOC_ENABLE" not in os.environ


def test_huge_pages_can_be_refused(monkeypatch):
    monkeypatch.setenv("THP_MEM_ALLOC_ENABLE", "0")
    keep_freed_memory()
    assert os.environ["THP_MEM_ALLOC_ENABLE"] == "0"
