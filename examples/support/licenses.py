"""Whose license existing weights have, so that a network that starts from them can pass it on."""

import json
from pathlib import Path
from typing import Any

from huggingface_hub import ModelCard


def licenses_of(source: str) -> list[str | None]:
    """The licenses of weights: that of the model card, or else those that a run passes on.

    Args:
        source: a path, or the name of a repository on the Hub.

    Returns:
        One name at least; None stands for a license that is not known.
    """
    path = Path(source).expanduser()
    if not path.exists():
        return _of_card(source)
    of_card: list[str | None] = [None]
    if (path / "README.md").is_file():
        of_card = _of_card(path / "README.md")
    if of_card not in ([None], ["other"]):  # "other" if a run passes several on
        return of_card
    for folder in (path, *path.absolute().parents[:3]):  # of a run, a network's, and a checkpoint's pointer
        if passed_on := _started_from(folder / "settings.json"):
            return sorted(passed_on, key=str)
    return of_card


def _started_from(settings: Path) -> set[str | None]:
    """The licenses of what the networks of a run started from."""
    try:
        recorded = json.loads(settings.read_text("utf-8"))["settings"]["started_from"]
        return {name for each in recorded.values() for name in each["licenses"]}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return set()


def _of_card(card: str | Path) -> list[str | None]:
    try:
        data: dict[str, Any] = ModelCard.load(card, ignore_metadata_errors=True).data.to_dict()
    except (OSError, ValueError):  # of a repository without a card, or that is out of reach
        return [None]
    found = data.get("license")
    if found == "other":
        found = data.get("license_name") or found
    return [str(each) for each in (found if isinstance(found, list) else [found]) if each] or [None]
