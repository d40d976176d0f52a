"""Training and test files of two domains, as CycleGAN's data sets have them."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from gan_data.base.errors import DataError, first_few
from gan_data.base.text import comparable
from gan_data.files.images import find_images, holds_images
from gan_data.files.search import Folder
from gan_data.files.split import split_by_content

Domains = tuple[Sequence[Path], Sequence[Path]]  # the files of domain A, and those of domain B


def find_domains(folders: Sequence[Folder], validation: float | int = 0.1) -> tuple[Domains, Domains]:
    """Training and test files of two domains.

    Args:
        folders: one folder that holds `trainA` and `trainB`, and perhaps `testA` and `testB`; or two folders,
            one for each domain. A manifest stands for its folder.
        validation: the part of each domain that is held out for testing where there are no test folders; see
            `split_by_content`.

    Returns:
        ((train_a, train_b), (test_a, test_b)), each a sorted sequence of files.

    Raises:
        DataError: there are not one or two folders, only one of `testA` and `testB` exists, a folder is
            missing or holds no image, or there are too few different images to split.
        ValueError: `validation` is out of range.

    Examples:
        >>> from pathlib import Path
        >>> for folder in ("trainA", "trainB", "testA", "testB"):
        ...     Path(folder).mkdir()
        ...     write_image(f"{folder}/1.png", torch.zeros(3, 8, 8))
        >>> (train_a, train_b), (test_a, test_b) = find_domains(["."])
        >>> len(train_a), len(test_b)
        (1, 1)
    """
    if isinstance(folders, str | PathLike) or not 1 <= len(folders) <= 2:
        raise DataError(
            "expected a list of one folder that holds trainA and trainB, or of two folders, one for each "
            f"domain; got {folders!r}"
        )
    a, b = folders if len(folders) == 2 else domain_folders(folders[0], "train")
    if len(folders) == 1 and _has_test_folders(Path(folders[0])):
        test_a, test_b = domain_folders(folders[0], "test")
        return (find_images(a), find_images(b)), (find_images(test_a), find_images(test_b))
    (train_a, test_a), (train_b, test_b) = (split_by_content(find_images(f), validation) for f in (a, b))
    return (train_a, train_b), (test_a, test_b)


def domain_folders(root: Folder, split: str) -> tuple[Path, Path]:
    """The folders of both domains in `root`, such as `trainA` and `trainB` for the split "train".

    Raises:
        DataError: one of them is missing.
    """
    root = Path(root).expanduser()
    a, b = root / f"{split}A", root / f"{split}B"
    if not (holds_images(a) and holds_images(b)):
        raise DataError(
            f"{root}: expected folders {split}A and {split}B in it; name them so, or give both folders"
        )
    return a, b


def require_equal_names(a: Sequence[Path], b: Sequence[Path]) -> None:
    """Make sure that two lists have the same file names in the same order.

    Suffixes may differ, and names are compared in one Unicode form.

    Test images of equal names are then true pairs, and translations can be scored against them.

    Args:
        a: the files of one domain.
        b: the files of the other.

    Raises:
        DataError: the names differ; the first few are named.

    Examples:
        >>> from pathlib import Path
        >>> require_equal_names([Path("a/1.jpg")], [Path("b/1.png")])
        >>> require_equal_names([Path("a/1.jpg")], [Path("b/2.png")])
        Traceback (most recent call last):
            ...
        gan_data.base.errors.DataError: expected the same file names in both lists of images; ...
    """
    names_a, names_b = ([comparable(Path(path).stem) for path in paths] for paths in (a, b))
    if names_a == names_b:
        return
    alone = sorted(set(names_a) ^ set(names_b))
    different = f"only one of them has {first_few(alone)}" if alone else "their order or number differs"
    raise DataError(
        f"expected the same file names in both lists of images; {different}; "
        "add what is missing, or do not treat the images as pairs"
    )


def _has_test_folders(root: Path) -> bool:
    return holds_images(root / "testA") or holds_images(root / "testB")
