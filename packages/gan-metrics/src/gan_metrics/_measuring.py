"""Measuring the statistics of a data set, once; in shares, where several processes take part."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import TypeVar

import numpy as np
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
            another source or without features; see `image_features` too.
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
    if cache is not None and all(_of_each_process(Path(cache).exists(), divided)):
        statistics = Statistics.load(cache, source)
        if keep_features and statistics.features is None:
            raise ValueError(
                f"expected features with the statistics in {cache}; got none; remove the file to measure "
                "again, or pass keep_features=False"
            )
        return statistics
    chosen = _chosen(source.images, at_most if keep_features else 0)
    shares = _of_each_process(_measured(features, batches, source, chosen, divided=divided), divided)
    _check_images(shares, source)
    scatter = reduce(Scatter.joined, (share.scatter for share in shares if share.scatter is not None))
    kept, positions = None, None
    if keep_features:
        positions, order = torch.cat([share.positions for share in shares]).sort()
        kept = torch.cat([share.kept for share in shares if share.batches])[order]
    statistics = Statistics(source, Gaussian.from_scatter(scatter), kept, positions if at_most else None)
    if cache is not None:
        statistics.save(cache)
    return statistics


@dataclass
class _Share:
    """What a process measured of its images."""

    batches: int = 0
    images: int = 0
    size: int = 0  # of its first batch
    uneven: bool = False  # whether a batch but its last has another size
    last: int = 0  # size of its last batch
    scatter: Scatter | None = None
    kept: Tensor = field(default_factory=lambda: torch.empty(0))
    positions: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.long))


@torch.no_grad()
def _measured(
    features: Features, batches: Iterable[Tensor], source: Source, chosen: Tensor | None, *, divided: bool
) -> _Share:
    """The share of this process; the features of the images at the places `chosen` are kept, or all."""
    share, rows = _Share(), _Rows()
    kept: list[Tensor] = []
    places: list[Tensor] = []
    process, processes = (dist.get_rank(), dist.get_world_size()) if _together(divided) else (0, 1)
    for images in batches:
        found = image_features(features, _of_size(images, source)).float().cpu()
        rows.add(found)
        share.uneven |= bool(share.batches) and share.last != share.size
        share.size, share.last = share.size or len(found), len(found)
        first = (share.batches * processes + process) * share.size if processes > 1 else share.images
        here = torch.arange(first, first + len(found))
        wanted = torch.ones(len(found), dtype=torch.bool) if chosen is None else torch.isin(here, chosen)
        kept.append(found[wanted])
        places.append(here[wanted])
        share.batches += 1
        share.images += len(found)
    if share.batches:
        share.scatter, share.kept, share.positions = rows.scatter(), torch.cat(kept), torch.cat(places)
    return share


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
    if at_most is None:
        return None
    count = min(at_most, images)
    places = np.random.default_rng(0).choice(images, count, replace=False, shuffle=False) if count else []
    return torch.as_tensor(np.sort(places), dtype=torch.long)


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
    found = sum(share.images for share in shares)
    if found != source.images or found < 2:
        raise ValueError(
            f"expected {source.images} images, as in source; got {found}; at least 2 are needed; pass each "
            "image once, and all of them on every process, or divided=True"
        )
    if len(shares) == 1:
        return
    last = (sum(share.batches for share in shares) - 1) % len(shares)
    size = shares[0].size
    for process, share in enumerate(shares):
        even = not share.uneven and (process == last or share.last == share.size)
        alike = share.size == size or (process == last and share.batches == 1 and share.size < size)
        if share.batches and not (even and alike):
            raise ValueError(
                f"divided=True expects batches of one size, but for the last of all; got another on process "
                f"{process}; give process p of P the batches p, p + P, ..."
            )


def _of_size(images: Tensor, source: Source) -> Tensor:
    """The images; raises ValueError unless they have the size of `source`."""
    if tuple(images.shape[-2:]) != source.size:
        raise ValueError(
            f"expected images of size {source.size}, as in source; got {tuple(images.shape)}; resize them, "
            "or correct the source"
        )
    return images
