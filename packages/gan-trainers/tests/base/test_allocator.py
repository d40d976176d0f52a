"""Freed memory of the CPU."""

import os
import resource
import sys

import pytest
import torch
from gan_trainers.base.allocator import keep_freed_memory

BYTES = 256 * 2**20


def page_faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.empty(BYTES, dtype=torch.uint8).fill_(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(sys.platform != "linux", reason="the allocator of Linux")
def test_memory_that_was_freed_is_not_mapped_again():
    keep_freed_memory()
    page_faults()
    assert page_faults() < 2000  # of BYTES / 4096 = 65,536 without


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
