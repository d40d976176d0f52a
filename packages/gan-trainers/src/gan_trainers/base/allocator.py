"""Memory of the CPU that is freed in one step stays ready for the next one."""

import ctypes
import os
import sys

# mallopt's parameters in glibc's malloc.h.
_M_MMAP_MAX, _M_TRIM_THRESHOLD = -4, -1
# Variables by which users configure the allocator themselves.
_CONFIGURED = {"GLIBC_TUNABLES", "MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"}


def keep_freed_memory() -> None:
    """Let glibc keep freed blocks, and let torch ask for huge pages; does nothing on other systems.

    glibc returns large blocks to the system, which then maps and clears each page of 4 KiB again when the
    next step writes to it. In a training step this took 5 to 29 % of the time. The process keeps the peak of
    its memory until it ends. Huge pages need fewer entries in the processor's page table, and take effect if
    no tensor exists yet.

    Variables that configure glibc's allocator, or `THP_MEM_ALLOC_ENABLE=0`, are respected.
    """
    if sys.platform != "linux" or not _CONFIGURED.isdisjoint(os.environ):
        return
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # torch reads it with its first tensor
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # musl has none
        libc.mallopt(_M_MMAP_MAX, 0)  # no block is mapped separately
        libc.mallopt(_M_TRIM_THRESHOLD, -1)  # nothing is returned
