"""Any picture through a network: the same kind, mode and size out, or `scale` times the size."""

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from gan_nets.layers.checks import check_positive
from gan_nets.pictures.arrays import through_array, through_tensor
from gan_nets.pictures.channels import channels_of, enlarged, painted, ranged, usage_of
from gan_nets.tiling.runner import Runner
from gan_nets.tiling.scope import StatisticsScope as Statistics

if TYPE_CHECKING:
    from PIL.Image import Image


@overload
def translate(
    net: nn.Module, picture: Tensor, *, tile: int | None = ..., statistics: Statistics = ..., rgb: bool = ...
) -> Tensor: ...
@overload
def translate(
    net: nn.Module, picture: NDArray, *, tile: int | None = ..., statistics: Statistics = ..., rgb: bool = ...
) -> NDArray: ...
@overload
def translate(
    net: nn.Module, picture: "Image", *, tile: int | None = ..., statistics: Statistics = ..., rgb: bool = ...
) -> "Image": ...
@overload
def translate(
    net: nn.Module,
    picture: str | PathLike[str],
    *,
    tile: int | None = ...,
    statistics: Statistics = ...,
    rgb: bool = ...,
) -> "Image | NDArray": ...
def translate(
    net: nn.Module,
    picture: "Tensor | NDArray | Image | str | PathLike[str]",
    *,
    tile: int | None = None,
    statistics: Statistics = "picture",
    rgb: bool = False,
) -> "Tensor | NDArray | Image":
    """Run a network on a picture of any kind and size; the result is of the same kind, mode and size.

    The size is the network's scale times as large for one that enlarges. The picture is padded by reflection
    to what the network asks for, and cropped back. What is too large for the free memory goes through in
    tiles, blended where they overlap (`tiled`). For networks of convolutions they equal the whole picture;
    where they don't, or take long to, a warning says so.

    The network's `usage` says what it is for. A colouriser gets the picture's lightness, which is put back
    beside the colours that it paints. A network of three channels sees a grey picture three times, and the
    luma of the result is taken. One that has a single channel for input and output sees the luma of a colour
    picture, and the chroma is put back, enlarged by bicubic interpolation for a larger result. One that makes
    colour of grey or grey of colour changes the mode accordingly. Alpha goes beside the network, and is
    enlarged likewise; what lies under it is seen as it is stored. Colour profiles are kept and not applied.

    Pillow's pictures: grey (L, LA, 1), palette, RGB, RGBA, CMYK, YCbCr, HSV, and grey of 16 bits (I;16, I).
    EXIF orientation is applied to the pixels; `info` of the result has the other EXIF, the colour profile and
    the resolution. Mode 1 is cut at half; a palette is exact up to 256 colours and else the nearest 256. CMYK
    is seen as the colour that the inks leave of white paper, and keeps its own black as far as the new colour
    allows. Of an animation the frame that is current is taken, the first one of a file.

    Args:
        net: from picture to picture; it runs in evaluation mode, on its own device.
        picture: a path; a picture of Pillow's; an array (H, W) or (H, W, C), uint8, uint16, bool, or floating
            point in [0, 1]; or a tensor (N, C, H, W) or (C, H, W), floating point in [-1, 1] or uint8. Two or
            four channels are grey or RGB with alpha, unless the network takes that many.
        tile: side of the tiles in input pixels; None takes the largest that fit into the free memory.
        statistics: where a network with instance norm or the like gets means and variances from, if there are
            tiles: the whole "picture", measured first in the memory of a tile, so that tiles equal the whole;
            or each "tile" itself, which takes a fraction of the time and gives other results.
        rgb: give RGB (RGBA) whatever the mode was: colour for a grey picture, no palette, no CMYK.

    Returns:
        What `picture` is: for a path one of Pillow's pictures, but for colours of 16 bits, which Pillow has
        not: they are an array of uint16. `translate_file` writes them.

    Raises:
        ValueError: the picture is of a mode, dtype or shape that is not listed, or the network is not for
            pictures alone.
        OSError: the file is missing or broken.
        ImportError: the extra gan-nets[pictures] is not installed, and paths or pictures ask for it.
    """
    translator = Translator(net, tile=tile, statistics=statistics, rgb=rgb)
    if isinstance(picture, Tensor):
        return translator.tensor(picture)
    if isinstance(picture, np.ndarray):
        return translator.array(picture)
    if isinstance(picture, str | PathLike):
        return translator.file(Path(picture), None)
    return translator.image(picture)


def translate_file(
    net: nn.Module,
    picture: str | PathLike[str],
    target: str | PathLike[str],
    *,
    overwrite: bool = False,
    tile: int | None = None,
    statistics: Statistics = "picture",
    rgb: bool = False,
) -> None:
    """Run a network on a picture file and write the result, with profile and EXIF, and 16 bits as such.

    The format is that of the file, or the one that another suffix of `target` names. JPEG is written with
    quality 95 and full colour resolution. A kill leaves a whole file or none.

    Args:
        net: as for `translate`.
        picture: the file.
        target: where to; its folder is made.
        overwrite: whether a file that is there may be replaced.
        tile: as for `translate`.
        statistics: as for `translate`.
        rgb: as for `translate`.

    Raises:
        FileExistsError: `target` is there, and overwrite is False.
        ValueError: as for `translate`, or the format can't hold the result without loss.
        OSError: the file is missing or broken, or the result can't be written.
        ImportError: the extra gan-nets[pictures] is not installed.
    """
    check_absent(Path(target), overwrite=overwrite)
    Translator(net, tile=tile, statistics=statistics, rgb=rgb).file(Path(picture), Path(target))


def check_absent(target: Path, *, overwrite: bool) -> None:
    """Raise FileExistsError unless `target` may be written."""
    if target.exists() and not overwrite:
        raise FileExistsError(f"{target} is there already; overwrite=True or --overwrite replaces it")


class Translator:
    """A network with all that it takes to run it on pictures; see `translate`.

    What has to be found out about the network, such as how far it looks, is found out once.
    """

    def __init__(
        self,
        net: nn.Module,
        *,
        tile: int | None = None,
        statistics: Statistics = "picture",
        rgb: bool = False,
    ) -> None:
        if tile is not None:
            check_positive(tile=tile)
        if statistics not in ("picture", "tile"):
            raise ValueError(f'expected statistics "picture" or "tile"; got {statistics!r}')
        self._net, self._usage, self._rgb = net, usage_of(net), rgb
        self._channels = channels_of(net, self._usage)
        self._options: dict[str, Any] = {"tile": tile, "statistics": statistics}
        self._runners: dict[int, Runner] = {}

    def tensor(self, x: Tensor) -> Tensor:
        """A tensor (N, C, H, W) or (C, H, W)."""
        return through_tensor(self._work, x, self._channels)

    def array(self, array: NDArray) -> NDArray:
        """An array (H, W) or (H, W, C)."""
        return through_array(self._work, array, self._channels)

    def image(self, image: "Image") -> "Image":
        """One of Pillow's pictures."""
        with needing("pictures"):
            from gan_nets.pictures.pillow_modes import through_image
        return through_image(self._work, image, rgb=self._rgb)

    def file(self, path: Path, target: Path | None) -> "Image | NDArray":
        """The picture in a file, written to `target` if there is one."""
        with needing("pictures"):
            from gan_nets.pictures.files import through_file
        return through_file(self.image, self.array, path, target)

    def _work(self, color: Tensor, beside: Tensor | None) -> tuple[Tensor, Tensor | None]:
        with _evaluating(self._net):
            run = ranged(self._run, self._usage)
            y = painted(run, color, channels=self._channels, usage=self._usage, rgb=self._rgb)
        return y.clamp(-1, 1), None if beside is None else enlarged(beside, y).clamp(-1, 1)

    def _run(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        if channels not in self._runners:
            self._runners[channels] = Runner(self._net, channels, **self._options)
        return self._runners[channels](x)


@contextmanager
def _evaluating(net: nn.Module) -> Iterator[None]:
    """The network in evaluation mode inside the block, and each part as it was after it."""
    training = [module for module in net.modules() if module.training]
    net.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


@contextmanager
def needing(extra: Literal["pictures", "video"]) -> Iterator[None]:
    """Make a missing module inside the block one sentence that says which extra to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ImportError(
            f'this needs the module {error.name}; install it with: pip install "gan-nets[{extra}]"'
        ) from error
