"""FID and KID: the distances on the one network that they are named after."""

import io
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from gan_metrics._frechet import FrechetDistance
from gan_metrics._image import as_shown, check_images
from gan_metrics._kernel import KernelDistance
from gan_metrics._statistics import Statistics

_FILE = "weights-inception-2015-12-05-6726825d.pth"
_URL = f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{_FILE}"
_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"


class Inception(nn.Module):
    """The Inception v3 of 2015 that FID and KID are defined on, through torch-fidelity.

    2048 features after the last pooling, of pictures that it rounds to 8 bits and resizes to 299x299 as
    TensorFlow 1 did, so that figures can be compared with published ones. (torchmetrics' own FID smooths
    before it resizes, unless it is told not to, and differs.) Its weights are not torchvision's.

    Args:
        weights: a file with the state dict, as torch.save or safetensors write it; nothing that it holds is
            executed. The published one is weights-inception-2015-12-05-6726825d.pth, 96 MB.
        download: fetch that file into torch.hub's folder unless it is there, and check its SHA-256.

    Raises:
        ModuleNotFoundError: torch-fidelity is not installed; the message says how to.
        ValueError: there is neither a file nor leave to download one; or the file is damaged, unsafe or of
            another network.
        FileNotFoundError: there is no such file.
    """

    def __init__(self, weights: str | Path | None = None, *, download: bool = False) -> None:
        super().__init__()
        try:
            from torch_fidelity import FeatureExtractorInceptionV3
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                'Inception needs torch-fidelity; install it with pip install "gan-metrics[fid]"'
            ) from error
        path = Path(weights) if weights is not None else _published(download)
        # torch-fidelity unpickles whatever it finds in a file, so it is handed what was read safely.
        safe = io.BytesIO()
        torch.save(_read(path), safe)
        safe.seek(0)
        try:
            self.network = FeatureExtractorInceptionV3("inception-v3-compat", ["2048"], safe)
        except RuntimeError as error:
            raise ValueError(
                f"{path} holds the weights of another network than FID's Inception (torchvision's will not "
                f"do); get {_FILE} from {_URL}"
            ) from error

    def forward(self, images: Tensor) -> Tensor:
        """The features, (N, 2048), of images (N, 3, H, W) in [-1, 1].

        Raises:
            ValueError: the shape is not (N, 3, H, W), or images are not floating point.
        """
        check_images(images, "Inception")
        if images.shape[1] != 3:
            raise ValueError(
                f"Inception expects RGB of shape (N, 3, H, W); got {tuple(images.shape)}; repeat a grey "
                "plane three times"
            )
        (features,) = self.network(((as_shown(images) + 1) * 127.5).round().byte())
        return features


class FID(FrechetDistance):
    """Frechet Inception distance of Heusel et al. (2017), over all batches and processes.

    `FrechetDistance` on Inception's features. Published figures are of 50,000 fake images; of fewer it is
    higher.

    Args:
        inception: the network.
        real: what is known of the real images beforehand; see `measure_statistics`.

    Raises:
        TypeError: the network is another one, on which the distance is not FID.
    """

    def __init__(self, inception: Inception, real: Statistics | None = None) -> None:
        super().__init__(_inception_only(inception, "FID", "FrechetDistance"), real)


class KID(KernelDistance):
    """Kernel Inception distance of Binkowski et al. (2018), over all batches and processes.

    `KernelDistance` on Inception's features. Some papers report it times 1000.

    Args:
        inception: the network.
        real: what is known of the real images beforehand, with their features; see `measure_statistics`.
        subsets: see `kernel_distance`.
        subset_size: see `kernel_distance`.

    Raises:
        TypeError: the network is another one, on which the distance is not KID.
        ValueError: see `KernelDistance`.
    """

    def __init__(
        self,
        inception: Inception,
        real: Statistics | None = None,
        *,
        subsets: int = 100,
        subset_size: int = 1000,
    ) -> None:
        inception = _inception_only(inception, "KID", "KernelDistance")
        super().__init__(inception, real, subsets=subsets, subset_size=subset_size)


def _inception_only(network: Inception, name: str, general: str) -> Inception:
    if not isinstance(network, Inception):
        raise TypeError(
            f"{name} is measured on Inception; got {type(network).__name__}; use {general} for it"
        )
    return network


def _published(download: bool) -> Path:
    """Where the published weights are, after fetching them if need be."""
    if not download:
        raise ValueError(
            f"Inception needs its weights: pass weights=PATH of {_FILE} (96 MB, from {_URL}), or "
            "download=True to have it fetched"
        )
    path = Path(torch.hub.get_dir()) / "checkpoints" / _FILE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(_URL, str(path), hash_prefix=_SHA256)
    return path


def _read(path: Path) -> dict[str, Tensor]:
    """The tensors by name, on the CPU."""
    if not path.is_file():
        raise FileNotFoundError(f"expected a file of Inception's weights; {path} is none")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file fails in any way: KeyError, EOFError, UnpicklingError, ...
        reason = str(error).strip().partition("\n")[0]
        raise ValueError(f"expected Inception's state dict in {path}; got: {reason}; get {_FILE}") from error
    if not isinstance(state, dict):
        raise ValueError(
            f"expected Inception's state dict in {path}; got a {type(state).__name__}; get {_FILE}"
        )
    return state
