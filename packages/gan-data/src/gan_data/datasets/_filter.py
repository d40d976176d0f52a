"""Leaving out images by their content."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import PIL
from torch import Tensor

from gan_data._version import __version__
from gan_data.base.errors import DataError
from gan_data.base.kept import kept_answers
from gan_data.base.threads import map_in_threads
from gan_data.decoding.opening import REDUCED_SIDE, open_rgb
from gan_data.decoding.tensors import from_pillow, from_uint8
from gan_data.files.indexed import Condition, IndexedFiles

IS_COLOR = "gan_colorspace.is_color"  # the name of a filter whose answers a manifest holds
log = logging.getLogger("gan_data")


def filtered(
    paths: Sequence[Path], keep: Callable[[Tensor], bool | Tensor]
) -> tuple[Sequence[Path], Sequence[Path]]:
    """The images that a filter keeps, and those that it leaves out, both in order.

    Raises:
        DataError: it keeps none.
    """
    kept, dropped = _parts(paths, keep)
    rule = getattr(keep, "__name__", "keep")
    if not kept:
        raise DataError(f"{rule} holds for none of {len(paths)} images, {paths[0]} ...; give other images")
    if dropped:
        log.warning("%d of %d images were left out by %s", len(dropped), len(paths), rule)
    return kept, dropped


def _parts(
    paths: Sequence[Path], keep: Callable[[Tensor], bool | Tensor]
) -> tuple[Sequence[Path], Sequence[Path]]:
    name: str | None = getattr(keep, "kept_as", None)
    if isinstance(paths, IndexedFiles) and name == IS_COLOR:
        return paths.where(Condition("gray", True, wanted=False)), paths.where(Condition("gray", True))

    def answer(path: Path) -> bool:
        return bool(keep(from_uint8(_reduced(path))))

    if name is None:
        answers = map_in_threads(answer, paths)
    else:  # of the image as this version of Pillow decodes and reduces it
        kind = f"{name} on {REDUCED_SIDE} pixels, Pillow {PIL.__version__}, gan-data {__version__}"
        answers = kept_answers(kind, list(paths), answer)
    decided = list(zip(paths, answers, strict=True))
    return [path for path, kept in decided if kept], [path for path, kept in decided if not kept]


def _reduced(path: Path) -> Tensor:
    """The image in `path`, small enough to be filtered quickly: (3, H, W) uint8."""
    image = open_rgb(path)
    image.thumbnail((REDUCED_SIDE, REDUCED_SIDE))
    return from_pillow(image)
