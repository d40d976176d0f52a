"""The classes of label maps. Needs no torch."""

from collections.abc import Sequence

from gan_data.base.errors import first_few

IGNORED = 255  # the label of pixels without a class, by the convention of PASCAL VOC and Cityscapes


def check_classes(classes: int, ignore: int | None) -> None:
    """Raises ValueError if there are no classes, or if `ignore` is one of them."""
    if classes < 1:
        raise ValueError(f"expected at least 1 class; got {classes}")
    if ignore is not None and 0 <= ignore < classes:
        raise ValueError(
            f"expected a label to ignore beyond the {classes} classes; got {ignore}, which is one of them; "
            "give another label or None"
        )


def problem_of_labels(wrong: Sequence[int], classes: int, ignore: int | None) -> tuple[str, str]:
    """The problem with a map that holds the labels `wrong`, and the remedy."""
    ignored = "" if ignore is None else f" (or {ignore}, which is ignored)"
    problem = f"holds the labels {first_few(wrong)}, but labels go from 0 to {classes - 1}{ignored}"
    return problem, "correct the map, or give the right number of classes"
