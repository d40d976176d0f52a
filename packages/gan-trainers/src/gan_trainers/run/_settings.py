"""The settings of a run in settings.json, so that it can be repeated."""

import json
import platform
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from gan_trainers.base.atomic import atomic_write_text, explained_os_errors
from gan_trainers.logs.recorded_settings import read_recorded_settings


def write_settings(folder: Path, settings: Mapping[str, Any], computation: Mapping[str, Any]) -> list[str]:
    """Write `settings.json`: settings, computation, versions of the libraries that compute, git commit.

    Args:
        folder: the run's folder.
        settings: the options; values that JSON lacks, such as paths, become strings.
        computation: device, processes, precision and layout that were chosen.

    Returns:
        Changes since the file was last written, one "name: old -> new" for each setting; first of all a
        sentence if the file is damaged or missing, as at the start of a run.

    Raises:
        OSError: if the file cannot be written.
    """
    file = folder / "settings.json"
    plain = json.loads(json.dumps(dict(settings), default=str))
    recorded = read_recorded_settings(file)
    before = plain if recorded.settings is None else recorded.settings
    names = {str(each.metadata["Name"]): each.version for each in distributions()}
    content = {
        "settings": plain,
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
    }
    with explained_os_errors(file):
        atomic_write_text(file, json.dumps(content, indent=2) + "\n")
    return ([recorded.damage] if recorded.damage else []) + [
        f"{name}: {before.get(name)} -> {plain.get(name)}"
        for name in sorted({*before, *plain})
        if before.get(name) != plain.get(name)
    ]


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
