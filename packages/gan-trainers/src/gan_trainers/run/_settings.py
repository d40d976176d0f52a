"""The settings of a run in settings.json, so that it can be repeated."""

import json
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from gan_trainers.base.atomic import atomic_write_text, explained_os_errors
from gan_trainers.logs.recorded_settings import read_recorded_settings


def changed_settings(
    folder: Path, settings: Mapping[str, Any], precision: str
) -> tuple[list[str], list[str]]:
    """What changed since settings.json was last written.

    Args:
        folder: the run's folder.
        settings: the options.
        precision: that was chosen, which another machine may choose differently.

    Returns:
        "name: old -> new" for each setting that changed, and a sentence if the file is damaged or missing.
    """
    now = _plain(settings)
    recorded = read_recorded_settings(folder / "settings.json")
    before = now if recorded.settings is None else recorded.settings
    changes = [
        f"{name}: {before.get(name)} -> {now.get(name)}"
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    ]
    computed = recorded.computation.get("precision", precision)
    if computed != precision and now.get("precision") == before.get("precision"):
        changes.append(f"precision: {computed} -> {precision}")
    return changes, [recorded.damage] if recorded.damage else []


def write_settings(folder: Path, settings: Mapping[str, Any], computation: Mapping[str, Any]) -> None:
    """Write `settings.json`: settings, computation, versions of the libraries, git commit, command.

    Args:
        folder: the run's folder.
        settings: the options; values that JSON lacks, such as paths, become strings.
        computation: device, processes, precision and layout that were chosen.

    Raises:
        OSError: if the file cannot be written.
    """
    file = folder / "settings.json"
    metadata = [each.metadata for each in distributions()]  # each access reads and parses a file
    names = {str(each["Name"]): str(each["Version"]) for each in metadata}
    content = {
        "settings": _plain(settings),
        "computation": dict(computation),
        "versions": {
            "python": platform.python_version(),
            **{
                name: version
                for name, version in sorted(names.items())
                if name in ("accelerate", "kornia", "timm", "torch", "torchvision") or name.startswith("gan-")
            },
        },
        "git_commit": _git_commit(),
        "command": shlex.join(["python", *sys.argv]),
    }
    with explained_os_errors(file):
        atomic_write_text(file, json.dumps(content, indent=2) + "\n")


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(dict(settings), default=str))


def _git_commit() -> str | None:
    """The commit of the running program, or None outside a repository."""
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=Path(sys.argv[0]).resolve().parent,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
