"""Where the numbers of a page come from: runs, commit, processor and time."""

import json
import os
import platform
from collections.abc import Iterator
from pathlib import Path

import torch
from gan_trainers import read_scalars


def provenance(out: Path) -> str:
    """The runs below a folder, and the machine, which is taken to be the present one."""
    files = sorted(out.rglob("settings.json"))
    commits = ", ".join(dict.fromkeys(_commit(file) for file in files))
    hours = sum(_seconds(files)) / 3600
    return (
        f"{len(files)} runs of commit {commits} took {hours:.1f} hours in all, some of them side by side. "
        f"The machine: {machine()}."
    )


def machine() -> str:
    """The GPU, or the processor with its cores and vector instructions; and torch's version."""
    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name()}, torch {torch.__version__}"
    capability = torch.backends.cpu.get_cpu_capability()
    return f"{_processor()}, {os.cpu_count()} cores, {capability}, torch {torch.__version__}"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")  # of Linux; elsewhere Python knows
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = (line.partition(": ")[2] for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _commit(file: Path) -> str:
    commit = json.loads(file.read_text(encoding="utf-8"))["git_commit"]
    return commit[:7] if commit else "unknown"


def _seconds(files: list[Path]) -> Iterator[float]:
    """What each run took; some recipes log nothing."""
    for file in files:
        log = file.parent / "scalars.jsonl"
        if log.exists() and (rows := read_scalars(log)):
            yield rows[-1]["seconds"]
