"""Where the numbers of a page come from: runs, commit, processor and time."""

import json
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from gan_trainers import read_scalars


def provenance(out: Path) -> str:
    """The runs below a folder, and the machine, which is taken to be the present one."""
    files = sorted(out.rglob("settings.json"))
    recorded = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    commits = ", ".join(dict.fromkeys(_commit(content) for content in recorded))
    precisions = " and ".join(dict.fromkeys(content["computation"]["precision"] for content in recorded))
    hours = sum(_seconds(files)) / 3600
    return (
        f"{len(files)} runs of commit {commits} in {precisions} took {hours:.1f} hours in all, some of them "
        f"side by side. The machine: {machine()}."
    )


def machine() -> str:
    """The GPU, or the processor with its cores and vector instructions; and torch's version."""
    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name()}, torch {torch.__version__}"
    capability = torch.backends.cpu.get_cpu_capability()
    has_amx = torch.cpu._is_amx_tile_supported()  # type: ignore[attr-defined]  # torch has no public name for it
    amx = " and AMX" if has_amx else ""
    return f"{_processor()}, {os.cpu_count()} cores, {capability}{amx}, torch {torch.__version__}"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")  # of Linux; elsewhere Python knows
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = (line.partition(": ")[2] for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _commit(recorded: dict[str, Any]) -> str:
    commit = recorded["git_commit"]
    return commit[:7] if commit else "unknown"


def _seconds(files: list[Path]) -> Iterator[float]:
    """What each run took; some recipes log nothing."""
    for file in files:
        log = file.parent / "scalars.jsonl"
        if log.exists() and (rows := read_scalars(log)):
            yield rows[-1]["seconds"]
