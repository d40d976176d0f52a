"""Label maps of a data set, checked before a run."""

from collections.abc import Sequence
from pathlib import Path

from gan_data import IndexedTuples, LabeledFiles, require_labels


def report_labels(files: Sequence[LabeledFiles], classes: int, ignore: int | None, *, shown: bool) -> None:
    """Refuse label maps with which training is useless, and print the classes that never occur.

    Args:
        files: pictures and their maps.
        classes: number of classes.
        ignore: label of pixels without a class.
        shown: whether to print.
    """
    for warning in require_labels(label_maps(files), classes, ignore=ignore):
        if shown:
            print(f"warning: {warning}")


def label_maps(files: Sequence[LabeledFiles]) -> Sequence[Path]:
    """The label maps among the files of a data set; of a manifest they are not listed."""
    if isinstance(files, IndexedTuples):
        return files.of_kind(1)
    return [file.labels for file in files if file.labels]
