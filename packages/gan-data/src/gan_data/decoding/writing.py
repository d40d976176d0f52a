"""Writing tensors as image files."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from torch import Tensor

from gan_data.base.errors import DataError
from gan_data.decoding.tensors import to_pillow, to_uint8


def write_image(path: str | PathLike[str], image: Tensor) -> None:
    """Write an image in the format of the path's suffix.

    In a lossless format such as PNG, `read_image` returns it to within half of one of 255 levels.

    Args:
        path: the file to write; an existing one is replaced.
        image: (3, H, W) RGB or (1, H, W) gray, floating point in [-1, 1]; values outside are clipped.

    Raises:
        ValueError: the shape or dtype is another, there are NaNs, or values are far outside [-1, 1].
        DataError: no image format has this suffix, or the file cannot be written.

    Examples:
        >>> write_image("a.png", torch.tensor([0.5, -0.5, 2.0]).reshape(3, 1, 1))
        >>> read_image("a.png").flatten()  # 8 bits, clipped
        tensor([ 0.4980, -0.4980,  1.0000])
    """
    if image.ndim != 3 or image.shape[0] not in (1, 3):
        raise ValueError(f"write_image expects one image (3, H, W) or (1, H, W); got {tuple(image.shape)}")
    pillow = to_pillow(to_uint8(image).cpu())
    try:
        pillow.save(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error}); check the folder") from None
    except ValueError:  # Pillow does not know the suffix
        raise DataError(f"{path}: no image format has this suffix; use .png") from None


def write_pictures(folder: Path, names: Sequence[str], **states: Tensor) -> None:
    """Write FOLDER/STATE/NAME.png for each sample in each state, such as real, translated and reconstructed.

    Args:
        folder: where the states' folders are made; files of the same names are replaced.
        names: the file names of the N samples, without suffix.
        states: for each state (N, 3, H, W) RGB or (N, 1, H, W) gray, floating point in [-1, 1].

    Raises:
        ValueError: a state has another number of images than there are names, or as in `write_image`.
        DataError: a file cannot be written.

    Examples:
        >>> from pathlib import Path
        >>> images = torch.zeros(2, 3, 8, 8)
        >>> write_pictures(Path("pictures"), ["1", "2"], real=images, translated=images)
        >>> sorted(path.as_posix() for path in Path("pictures").glob("*/2.png"))
        ['pictures/real/2.png', 'pictures/translated/2.png']
    """
    for state, images in states.items():
        if len(images) != len(names):
            raise ValueError(
                f"write_pictures expects one image for each name; got {len(images)} of {state} and "
                f"{len(names)} names"
            )
    for state, images in states.items():
        (folder / state).mkdir(parents=True, exist_ok=True)
        for name, image in zip(names, images, strict=True):
            write_image(folder / state / f"{name}.png", image)
