"""Measuring the statistics of a data set, once; in shares, where several processes take part."""

import random
from collections.abc import Iterable
from functools import reduce
from pathlib import Path
from typing import NamedTuple, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from gan_metrics._gaussian import Gaussian, Scatter
from gan_metrics._matrices import Features, check_set, image_features
from gan_metrics._statistics import Source, Statistics

_ROWS = 8192  # features of so many images are summarized at a time

T = TypeVar("T")


def measure_statistics(
    features: Features,
    batches: Iterable[Tensor],
    source: Source,
    *,
    keep_features: bool = True,
    at_most: int | None = None,
    divided: bool = False,
    cache: str | Path | None = None,
) -> Statistics:
    """Compute the statistics of a data set, or read them from a file.

    Mean and covariance are those of all images. Memory does not grow with their number if `at_most` is given.

    Args:
        features: the feature extractor, see `image_features`.
        batches: all images, (N, 3, H, W) in [-1, 1] on the network's device. They are not used if the
            statistics are read from a file.
        source: describes `features` and `batches`.
        keep_features: keep the features too, which all metrics but the Frechet distance need: 4 N D bytes.
        at_most: keep those of so many images, a random sample without repetition that is the same for any
            number of processes; None for all.
        divided: whether `batches` are a share of the images: process p of P has the batches p, p + P, ...,
            all of one size but the last of all. Each process gets the statistics of all images. Otherwise
            each process needs all of them.
        cache: a file to read from if it exists, and to write to otherwise.

    Returns:
        The statistics, on the CPU.

    Raises:
        ValueError: the images do not match `source`, `at_most` is below 2, or `cache` has statistics of
            another source, without features or with those of other images; see `image_features` too. What
            one process raises, all do.
        OSError: `cache` cannot be written.

    Examples:
        >>> source = Source(network="means", data="photos", images=8, size=(4, 4))
        >>> batches = [torch.rand(4, 3, 4, 4) for _ in range(2)]
        >>> statistics = measure_statistics(lambda images: images.mean((2, 3)), batches, source)
        >>> statistics.features.shape, statistics.gaussian.mean.shape
        (torch.Size([8, 3]), torch.Size([3]))
    """
    if at_most is not None and at_most < 2:
        raise ValueError(f"at_most must be at least 2 images, or None for all; got {at_most}")
    chosen = _chosen(source.images, at_most if keep_features else 0)
    if cache is not None and all(_of_each_process(Path(cache).exists(), divided)):
        statistics = Statistics.load(cache, source)
        _check_features(statistics, chosen, cache, keep_features=keep_features)
        return statistics
    shares = _measured_together(features, batches, source, chosen, divided=divided)
    scatter = reduce(Scatter.joined, (share.scatter for share in shares if share.scatter is not None))
    kept = _in_order(shares, chosen) if keep_features else None
    statistics = Statistics(source, Gaussian.from_scatter(scatter), kept, chosen if keep_features else None)
    if cache is not None:
        statistics.save(cache)
    return statistics


class _Share(NamedTuple):
    """What a process measured of its images.

    Attributes:
        sizes: of its batches.
        scatter: of all its images; None without any.
        first: the features of its first batch. Where that is among all images is known only with the others,
            since it may be the last of all, and smaller.
        kept: those of the further batches that are kept, in the order of the images.
        positions: of their images among all.
    """

    sizes: list[int]
    scatter: Scatter | None
    first: Tensor
    kept: Tensor
    positions: Tensor


def _measured_together(
    features: Features, batches: Iterable[Tensor], source: Source, chosen: Tensor | None, *, divided: bool
) -> list[_Share]:
    """The shares of all processes, in their order; what one of them raises, all do."""
    share, failure = None, None
    try:
        share = _measured(features, batches, source, chosen, divided=divided)
    except (ValueError, OSError) as error:
        if not _together(divided):
            raise
        failure = error
    answers = _of_each_process((share, failure), divided)
    for _, failed in answers:
        if failed is not None:
            raise failed
    shares = [share for share, _ in answers if share is not None]
    _check_images(shares, source)
    return shares


@torch.no_grad()
def _measured(
    features: Features, batches: Iterable[Tensor], source: Source, chosen: Tensor | None, *, divided: bool
) -> _Share:
    """The share of this process; the features of the images at the places `chosen` are kept, or all."""
    rows = _Rows()
    sizes: list[int] = []
    kept: list[Tensor] = []
    places: list[Tensor] = []
    process, processes = (dist.get_rank(), dist.get_world_size()) if _together(divided) else (0, 1)
    for images in batches:
        found = image_features(features, _of_size(images, source)).float().cpu()
        rows.add(found)
        before = (len(sizes) * processes + process) * sizes[0] if processes > 1 and sizes else sum(sizes)
        here = torch.arange(before, before + len(found))
        wanted = _among(here, chosen) if sizes else slice(None)
        kept.append(found[wanted])
        places.append(here[wanted])
        sizes.append(len(found))
    if not sizes:
        return _Share([], None, torch.empty(0), torch.empty(0), torch.empty(0))
    later = [torch.cat([each[0][:0], *each[1:]]) for each in (kept, places)]
    return _Share(sizes, rows.scatter(), kept[0], *later)


def _in_order(shares: list[_Share], chosen: Tensor | None) -> Tensor:
    """The features that are kept of all shares, in the order of the images."""
    size = shares[0].sizes[0]
    kept: list[Tensor] = []
    places: list[Tensor] = []
    for process, share in enumerate(shares):
        if share.sizes:
            here = process * size + torch.arange(len(share.first))
            wanted = _among(here, chosen)
            kept += [share.first[wanted], share.kept]
            places += [here[wanted], share.positions]
    return torch.cat(kept)[torch.cat(places).argsort()]


def _among(places: Tensor, chosen: Tensor | None) -> Tensor:
    """Which places are among the chosen ones, which are sorted; all if None."""
    if chosen is None or not len(chosen):
        return torch.full(places.shape, chosen is None)
    return chosen[torch.searchsorted(chosen, places).clamp(max=len(chosen) - 1)] == places


class _Rows:
    """Features that are summarized from time to time, so that memory does not grow with their number."""

    def __init__(self) -> None:
        self._rows: list[Tensor] = []
        self._scatters: list[Scatter] = []

    def add(self, features: Tensor) -> None:
        """Add features (N, D)."""
        self._rows.append(features)
        if sum(map(len, self._rows)) >= _ROWS:
            self._scatters = [self.scatter()]
            self._rows = []

    def scatter(self) -> Scatter:
        """The scatter of all so far."""
        rows = [Scatter.of(check_set(torch.cat(self._rows), "measure_statistics", 1))] if self._rows else []
        return reduce(Scatter.joined, [*self._scatters, *rows])


def _chosen(images: int, at_most: int | None) -> Tensor | None:
    """The sorted places of the images whose features are kept; None for all."""
    if at_most is None or at_most >= images:
        return None
    return torch.tensor(sorted(random.Random(0).sample(range(images), at_most)), dtype=torch.long)


def _check_features(
    statistics: Statistics, chosen: Tensor | None, cache: str | Path, *, keep_features: bool
) -> None:
    """Raise ValueError if features are needed and stored statistics have none, or those of other images."""
    if not keep_features:
        return
    if statistics.features is None:
        raise ValueError(
            f"expected features with the statistics in {cache}; got none; remove the file to measure "
            "again, or pass keep_features=False"
        )
    wanted = statistics.source.images if chosen is None else len(chosen)
    if len(statistics.features) != wanted:
        raise ValueError(
            f"expected the features of {wanted} images in {cache}; got {len(statistics.features)}; remove "
            "the file to measure again, or pass another at_most"
        )


def _together(divided: bool) -> bool:
    return divided and dist.is_available() and dist.is_initialized()


def _of_each_process(value: T, divided: bool) -> list[T]:
    """The values of all processes that share the images, in their order."""
    if not _together(divided):
        return [value]
    values: list[T] = [value] * dist.get_world_size()
    dist.all_gather_object(values, value)
    return values


def _check_images(shares: list[_Share], source: Source) -> None:
    """Raise ValueError unless the shares are all images, in batches of one size if there are several."""
    images = sum(sum(share.sizes) for share in shares)
    if images != source.images or images < 2:
        raise ValueError(
            f"expected {source.images} images, as in source; got {images}; at least 2 are needed; pass each "
            "image once, and all of them on every process, or divided=True"
        )
    size, together = (shares[0].sizes or [1])[0], len(shares)
    for process, share in enumerate(shares):
        starts = range(process * size, images, together * size)
        if together > 1 and share.sizes != [min(size, images - start) for start in starts]:
            raise ValueError(
                "divided=True expects batches of one size, but for the last of all, of which process p of P "
                f"has the batches p, p + P, ...; got {len(share.sizes)} of other sizes on process {process}"
            )


def _of_size(images: Tensor, source: Source) -> Tensor:
    """The images; raises ValueError unless they have the size of `source`."""
    if tuple(images.shape[-2:]) != source.size:
        raise ValueError(
            f"expected images of size {source.size}, as in source; got {tuple(images.shape)}; resize them, "
            "or correct the source"
        )
    return images
