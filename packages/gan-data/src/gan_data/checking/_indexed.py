"""Inspecting the files of a manifest, of which only changed and broken ones are opened."""

from functools import partial
from typing import Any

from gan_data.base.errors import Finding
from gan_data.base.threads import map_in_threads
from gan_data.checking._inspection import Description, Inspection, described, inspect_image
from gan_data.files.indexed import IndexedFiles

COLUMNS = ["path", "bytes", "mtime", "width", "height", "mode", "format", "gray", "hash", "broken"]


def inspect_indexed(files: IndexedFiles) -> list[Inspection]:
    """The inspections of images by what their manifest holds; what changed since then is an error."""
    inspections: list[Inspection] = []
    for block in files.blocks(COLUMNS):
        inspections += map_in_threads(partial(_inspect, files), block.to_pylist())
    return inspections


def _inspect(files: IndexedFiles, row: dict[str, Any]) -> Inspection:
    path = files.manifest.root / row["path"]
    if change := files.change(row["path"], row["bytes"], row["mtime"], lambda: row["hash"]):
        return Inspection(path, None, [Finding(path, "error", *change)])
    if row["broken"]:  # why is not in the manifest
        return inspect_image(path)
    description = Description((row["height"], row["width"]), row["mode"], row["format"], row["gray"])
    return described(path, description)
