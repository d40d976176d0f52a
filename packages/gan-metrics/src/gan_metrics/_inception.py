"""The network that FID and KID are defined on."""

import io
from pathlib import Path

import torch
from torch import Tensor, nn

from gan_metrics._image import as_saved, check_images
from gan_metrics._state_dict import read_state_dict

_FILE = "weights-inception-2015-12-05-6726825d.pth"
_URL = f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{_FILE}"
_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"


class Inception(nn.Module):
    """The Inception v3 of 2015 that FID and KID are defined on, through torch-fidelity.

    2048 features after the last pooling. Images are rounded to 8 bits and resized to 299x299 as in TensorFlow
    1, so that results can be compared with published ones. (torchmetrics' own FID smooths before resizing,
    unless told otherwise, and differs.) The weights are not torchvision's.

    Args:
        weights: a file with the state dict, as torch.save or safetensors write it; nothing in it is executed.
            The published one is weights-inception-2015-12-05-6726825d.pth, 96 MB.
        download: download that file to torch.hub's folder unless it is there, and check its SHA-256.

    Raises:
        ModuleNotFoundError: torch-fidelity is not installed; the message has the command.
        ValueError: there is neither a file nor permission to download one; or the file is damaged, unsafe or
            of another network.
        FileNotFoundError: there is no file at the path.

    Examples:
        >>> network = Inception("weights-inception-2015-12-05-6726825d.pth")  # doctest: +SKIP
        >>> image_features(network, torch.zeros(2, 3, 64, 64)).shape  # doctest: +SKIP
    """

    def __init__(self, weights: str | Path | None = None, *, download: bool = False) -> None:
        super().__init__()
        try:
            from torch_fidelity import FeatureExtractorInceptionV3
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "Inception needs torch-fidelity; install it with pip install torch-fidelity"
            ) from error
        path = Path(weights) if weights is not None else _published(download)
        # torch-fidelity unpickles any file, so it gets a copy of the tensors that were read safely.
        copy = io.BytesIO()
        torch.save(read_state_dict(path, "Inception", _FILE), copy)
        copy.seek(0)
        try:
            self.network = FeatureExtractorInceptionV3("inception-v3-compat", ["2048"], copy)
        except RuntimeError as error:
            raise ValueError(
                f"expected the weights of FID's Inception in {path} (torchvision's have other layers); got "
                f"the weights of another network; get {_FILE} from {_URL}"
            ) from error

    def forward(self, images: Tensor) -> Tensor:
        """The features, (N, 2048), of images (N, 3, H, W) in [-1, 1].

        Raises:
            ValueError: the shape is not (N, 3, H, W), or the images are not floating point or far outside
                [-1, 1].
        """
        check_images(images, "Inception")
        if images.shape[1] != 3:
            raise ValueError(
                f"Inception expects RGB of shape (N, 3, H, W); got {tuple(images.shape)}; repeat a gray "
                "plane three times"
            )
        (features,) = self.network(((as_saved(images) + 1) * 127.5).round().byte())
        return features


def _published(download: bool) -> Path:
    """The path of the published weights, which are downloaded if they are not there."""
    if not download:
        raise ValueError(
            f"Inception needs its weights; got none; pass weights=PATH of {_FILE} (96 MB, from {_URL}), or "
            "download=True"
        )
    path = Path(torch.hub.get_dir()) / "checkpoints" / _FILE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(_URL, str(path), hash_prefix=_SHA256)
    return path
