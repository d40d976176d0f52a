"""The settings.json of a run's folder, whatever became of it."""

import json
from pathlib import Path
from typing import Any, NamedTuple


class RecordedSettings(NamedTuple):
    """What settings.json holds.

    Attributes:
        settings: the options; None if they cannot be read.
        computation: what was chosen: device, precision and so on.
        versions: of the libraries that compute.
        git_commit: of the program, or None.
        damage: a sentence about what cannot be read, or None.
    """

    settings: dict[str, Any] | None
    computation: dict[str, Any]
    versions: dict[str, Any]
    git_commit: Any
    damage: str | None


def read_recorded_settings(file: Path) -> RecordedSettings:
    """Read what is left of a settings.json."""
    try:
        content = json.loads(file.read_text("utf-8"))
        if not isinstance(content, dict):
            raise ValueError(f"expected an object; got a {type(content).__name__}")
        parts = {name: content.get(name) for name in ("settings", "computation", "versions")}
    except FileNotFoundError:
        return RecordedSettings(None, {}, {}, None, f"{file} is missing; the options until now are unknown")
    except (OSError, ValueError, RecursionError) as error:
        sentence = f"{file} is damaged ({error}); the options until now are unknown"
        return RecordedSettings(None, {}, {}, None, sentence)
    known = {name: part for name, part in parts.items() if isinstance(part, dict)}
    lost = [name for name in parts if name not in known and (name in content or name == "settings")]
    damage = f"{file} is damaged; its {' and '.join(lost)} cannot be read" if lost else None
    return RecordedSettings(
        known.get("settings"),
        known.get("computation", {}),
        known.get("versions", {}),
        content.get("git_commit"),
        damage,
    )
