"""Two folders of unpaired images."""

from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor
from torch.utils.data import Dataset

from gan_data.datasets._cache import GIBIBYTE
from gan_data.datasets._tensor_pair import TensorPair
from gan_data.datasets.images import Images
from gan_data.files.domains import domain_folders
from gan_data.files.search import Folder
from gan_data.transforms.geometry import Crop
from gan_data.transforms.sizes import LoadSize, Size


class UnpairedFolders(Dataset[TensorPair]):
    """Images (a, b) of two domains, with b sampled at random for each a.

    A pass is as long as the larger domain: a repeats in its order, b is sampled again each time, as in the
    code of CycleGAN (Zhu et al. 2017). Both are cropped and mirrored independently. Random numbers come from
    torch's global generator, so `torch.manual_seed` before `dataset[i]` determines the partner too.

    Args:
        a: the folder of domain A, or a list of its files; or one folder that holds `trainA` and `trainB`
            (`testA` and `testB`).
        b: the folder or files of domain B, if `a` is those of domain A.
        split: which two folders to use, where `a` holds four.
        size: as in `Images`.
        load_size: as in `Images`; the official code squeezes images that are not square into a square.
        crop: as in `Images`.
        flip: as in `Images`.
        keep: as in `Images`.
        cache_bytes: as in `Images`, half of it for each domain.

    Attributes:
        a: the `Images` of domain A.
        b: the `Images` of domain B.

    Raises:
        DataError: as in `Images`; or `a` does not hold the two folders.
        ValueError: an option is out of range, or "jitter" is given without a size.

    Examples:
        >>> from pathlib import Path
        >>> for folder in ("trainA", "trainB"):
        ...     Path(folder).mkdir()
        ...     write_image(f"{folder}/1.png", torch.zeros(3, 40, 40))
        >>> a, b = UnpairedFolders(".", size=32)[0]
        >>> a.shape, b.shape
        (torch.Size([3, 32, 32]), torch.Size([3, 32, 32]))
    """

    def __init__(
        self,
        a: Folder | Sequence[Path],
        b: Folder | Sequence[Path] | None = None,
        *,
        split: Literal["train", "test"] = "train",
        size: Size | None = 256,
        load_size: LoadSize = "jitter",
        crop: Crop = "random",
        flip: bool = True,
        keep: Callable[[Tensor], bool | Tensor] | None = None,
        cache_bytes: int = GIBIBYTE,
    ) -> None:
        def images(source: Folder | Sequence[Path]) -> Images:
            return Images(
                source,
                size=size,
                load_size=load_size,
                crop=crop,
                flip=flip,
                keep=keep,
                cache_bytes=cache_bytes // 2,
            )

        source_a, source_b = (a, b) if b is not None else _folders(a, split)
        self.a, self.b = images(source_a), images(source_b)

    def __len__(self) -> int:
        return max(len(self.a), len(self.b))

    def __getitem__(self, index: int) -> TensorPair:
        if not -len(self) <= index < len(self):
            raise IndexError(f"expected an index below {len(self)}; got {index}")
        partner = int(torch.randint(len(self.b), ()))
        return self.a[index % len(self) % len(self.a)], self.b[partner]


def _folders(root: Folder | Sequence[Path], split: str) -> tuple[Path, Path]:
    if not isinstance(root, str | PathLike):
        raise ValueError("expected the files of both domains; got those of A alone; give `b` as well")
    return domain_folders(root, split)
