"""Any picture through a network: the same kind, mode and size out, or `scale` times the size."""

import warnings
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gan_nets.layers.checks import check_positive
from gan_nets.pictures._open import open_array, open_tensor
from gan_nets.pictures._restore import Opened
from gan_nets.pictures._run import PictureNetwork
from gan_nets.pictures.errors import requires
from gan_nets.pictures.size import WorkingSize
from gan_nets.saving.target import check_target
from gan_nets.tiling.precision import Precision, autocast_dtype
from gan_nets.tiling.scope import StatisticsScope

if TYPE_CHECKING:
    from PIL.Image import Image

    from gan_nets.pictures.open_file import PictureFile

Picture = TypeVar("Picture")


@overload
def translate(
    net: nn.Module,
    picture: Tensor,
    *,
    tile: int | None = ...,
    statistics: StatisticsScope = ...,
    precision: Precision = ...,
    rgb: bool = ...,
    size: WorkingSize = ...,
    ensemble: bool | None = ...,
    saturation: float | None = ...,
) -> Tensor: ...
@overload
def translate(
    net: nn.Module,
    picture: NDArray[Any],
    *,
    tile: int | None = ...,
    statistics: StatisticsScope = ...,
    precision: Precision = ...,
    rgb: bool = ...,
    size: WorkingSize = ...,
    ensemble: bool | None = ...,
    saturation: float | None = ...,
) -> NDArray[Any]: ...
@overload
def translate(
    net: nn.Module,
    picture: "Image",
    *,
    tile: int | None = ...,
    statistics: StatisticsScope = ...,
    precision: Precision = ...,
    rgb: bool = ...,
    size: WorkingSize = ...,
    ensemble: bool | None = ...,
    saturation: float | None = ...,
) -> "Image": ...
@overload
def translate(
    net: nn.Module,
    picture: str | PathLike[str],
    *,
    tile: int | None = ...,
    statistics: StatisticsScope = ...,
    precision: Precision = ...,
    rgb: bool = ...,
    size: WorkingSize = ...,
    ensemble: bool | None = ...,
    saturation: float | None = ...,
) -> "Image | NDArray[Any]": ...
def translate(
    net: nn.Module,
    picture: "Tensor | NDArray[Any] | Image | str | PathLike[str]",
    *,
    tile: int | None = None,
    statistics: StatisticsScope = "picture",
    precision: Precision = "auto",
    rgb: bool = False,
    size: WorkingSize = "trained",
    ensemble: bool | None = None,
    saturation: float | None = None,
) -> "Tensor | NDArray[Any] | Image":
    """Run a network on a picture of any kind and size; the result is of the same kind, mode and size.

    A network with a scale enlarges the size by it. The picture is padded by reflection to a size that the
    network accepts, and cropped back. A picture too large for the free memory is processed in tiles, blended
    where they overlap (`tiled`). For networks of convolutions the tiles equal the whole picture; where they
    differ, or need temporary files, there is a warning.

    The network's `usage` says what it is for. A colorizer gets the picture's lightness, which is merged with
    the chroma that it gives. A network of three channels gets a gray picture three times, and the luma of
    the result is taken. A network with a single channel for input and output gets the luma of a color
    picture, and the chroma is put back, enlarged by bicubic interpolation for a larger result. A network that
    turns gray into color, or color into gray, changes the mode accordingly. Alpha bypasses the network, and
    is enlarged likewise; colors under it are used as they are stored. Color profiles are kept, not applied.

    Pillow's images: gray (L, LA, 1), palette, RGB, RGBA, CMYK, YCbCr, HSV, and gray of 16 bits (I;16, I).
    EXIF orientation is applied to the pixels; `info` of the result has the other EXIF, the color profile and
    the resolution. Mode 1 is thresholded at half; a palette is exact up to 256 colors, otherwise the nearest
    256. CMYK is converted to the color that the inks leave of white paper, and keeps its own black as far as
    the new color allows. Of an animation the current frame is used, the first one of a file.

    Args:
        net: from images to images; it runs in evaluation mode, on its own device.
        picture: a path; one of Pillow's images; an array (H, W) or (H, W, C), uint8, uint16, bool, or
            floating point in [0, 1]; or a tensor (N, C, H, W) or (C, H, W), floating point in [-1, 1] or
            uint8. Two or four channels are gray or RGB with alpha, unless the network takes that many.
        tile: side of the tiles in input pixels; None means the largest that fit into the free memory.
        statistics: where a network with instance norm or the like gets means and variances from, if there are
            tiles: the whole "picture", so that tiles equal it; or each "tile" itself, which gives other
            results, but needs no memory or temporary files for what waits at each layer.
        precision: "fp32" is that of the weights; "bf16" and, on a GPU, "fp16" compute in half of it, several
            times as fast on a processor with AMX or on a GPU, and several times slower on one without. The
            result is off by up to some 7 of 255 levels. "auto" is "fp32".
        rgb: give RGB (RGBA) whatever the mode is: color for a gray picture, no palette, no CMYK.
        size: shorter side, in pixels, at which a colorizer works. A larger picture is reduced to it, and the
            chroma of the result is enlarged and joined with the picture's own lightness, so no detail is
            lost. "trained" is the `usage.trained_size` of the network, if it is known; "picture" is the
            picture's own size. Networks for other tasks always work at the picture's size; one that
            translates warns once of pictures of less than half or more than twice its `usage.trained_size`.
        ensemble: whether the result is the mean of several views: for a colorizer six, at 2/3, 1 and 4/3 of
            `size` and mirrored; else eight, flipped and turned, the geometric self-ensemble of EDSR (Lim et
            al. 2017). It takes as many times as long, and is smoother. None is what the `usage` says.
        saturation: factor of a colorizer's chroma, from 0 on: below 1 duller, above 1 more vivid. None is
            what the `usage` says.

    Returns:
        The same kind as `picture`; for a path one of Pillow's images, or an array of uint16 for 16 bits in
        color or with alpha, which Pillow does not support. `translate_file` writes them.

    Raises:
        ValueError: the picture is of a mode, dtype or shape that is not listed, or its file is broken; the
            network is not from images to images; or an option has a wrong value, such as fp16 on the CPU, or
            `size` or `saturation` for a network that is no colorizer.
        OSError: the file is missing.
        ImportError: the extra gan-nets[pictures] is not installed, and the picture needs it.

    Examples:
        >>> from PIL import Image
        >>> net = SRResNet(scale=4, blocks=1, width=4).eval()
        >>> translate(net, Image.new("RGB", (15, 10))).size
        (60, 40)
    """
    translator = Translator(
        net,
        tile=tile,
        statistics=statistics,
        precision=precision,
        rgb=rgb,
        size=size,
        ensemble=ensemble,
        saturation=saturation,
    )
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
    statistics: StatisticsScope = "picture",
    precision: Precision = "auto",
    rgb: bool = False,
    size: WorkingSize = "trained",
    ensemble: bool | None = None,
    saturation: float | None = None,
) -> None:
    """Run a network on a picture file and write the result, with profile, EXIF and 16 bits.

    The format is that of the file, or the one that another suffix of `target` names. JPEG is written with
    quality 95 and full color resolution. The file is written atomically: an interrupted call leaves none.

    Args:
        net: as for `translate`.
        picture: the file.
        target: where to write; its folder is created.
        overwrite: whether to replace an existing file.
        tile: as for `translate`.
        statistics: as for `translate`.
        precision: as for `translate`.
        rgb: as for `translate`.
        size: as for `translate`.
        ensemble: as for `translate`.
        saturation: as for `translate`.

    Raises:
        FileExistsError: `target` exists, and overwrite is False.
        ValueError: as for `translate`, or the format can't hold the result without loss, which is found
            before the network runs where it can be.
        OSError: the file is missing, or the result can't be written, or `target` is a folder.
        ImportError: the extra gan-nets[pictures] is not installed.

    Examples:
        >>> from PIL import Image
        >>> Image.new("RGB", (15, 10)).save("small.png")
        >>> net = SRResNet(scale=4, blocks=1, width=4).eval()
        >>> translate_file(net, "small.png", "large.png")
        >>> Image.open("large.png").size
        (60, 40)
    """
    check_target(Path(target), overwrite=overwrite)
    translator = Translator(
        net,
        tile=tile,
        statistics=statistics,
        precision=precision,
        rgb=rgb,
        size=size,
        ensemble=ensemble,
        saturation=saturation,
    )
    translator.file(Path(picture), Path(target))


class Translator:
    """A network to be run on many pictures; see `translate`.

    Properties of the network, such as its receptive field, are measured once. The network itself is not
    changed: on the CPU, `net.use_cpu_kernels_()` before makes some networks faster.

    Args:
        net: as for `translate`.
        tile: as for `translate`.
        statistics: as for `translate`.
        precision: as for `translate`.
        rgb: as for `translate`.
        size: as for `translate`.
        ensemble: as for `translate`.
        saturation: as for `translate`.

    Raises:
        ValueError: an option has a wrong value, or the network is not from images to images.

    Examples:
        >>> translator = Translator(ResnetGenerator(blocks=1, width=4).eval())
        >>> translator.tensor(torch.zeros(1, 3, 30, 45)).shape  # any size
        torch.Size([1, 3, 30, 45])
    """

    def __init__(
        self,
        net: nn.Module,
        *,
        tile: int | None = None,
        statistics: StatisticsScope = "picture",
        precision: Precision = "auto",
        rgb: bool = False,
        size: WorkingSize = "trained",
        ensemble: bool | None = None,
        saturation: float | None = None,
    ) -> None:
        if tile is not None:
            check_positive(tile=tile)
        if statistics not in ("picture", "tile"):
            raise ValueError(f'expected statistics "picture" or "tile"; got {statistics!r}')
        pixels = isinstance(size, int) and not isinstance(size, bool) and size >= 1
        if not pixels and size not in ("trained", "picture"):
            raise ValueError(f'expected size "trained", "picture" or pixels, at least 1; got {size!r}')
        autocast_dtype(precision, next(net.parameters(), torch.empty(0)).device.type)  # which checks it
        if saturation is not None and not 0 <= saturation < float("inf"):
            raise ValueError(f"expected a saturation of at least 0, and finite; got {saturation}")
        self._run = PictureNetwork(
            net,
            tile=tile,
            statistics=statistics,
            precision=precision,
            rgb=rgb,
            size=size,
            ensemble=ensemble,
            saturation=saturation,
        )
        for option, given in ((f"size {size}", pixels), (f"saturation {saturation}", saturation is not None)):
            if given and not self._run.colorizes:
                raise ValueError(f"expected a colorizer for {option}; got {type(net).__name__}")
        self._rgb = rgb

    @property
    def colorizes(self) -> bool:
        """Whether the network turns gray pictures into color."""
        return self._run.colorizes

    def tensor(self, x: Tensor) -> Tensor:
        """Translate a tensor (N, C, H, W) or (C, H, W)."""
        return self._translate(open_tensor(x, self._run.in_channels))

    def array(self, array: NDArray[Any]) -> NDArray[Any]:
        """Translate an array (H, W) or (H, W, C)."""
        return self._translate(open_array(array, self._run.in_channels))

    def image(self, image: "Image") -> "Image":
        """Translate one of Pillow's images."""
        with requires("pictures"):
            from gan_nets.pictures.open_image import open_image
        return self._translate(open_image(image, rgb=self._rgb))

    def file(self, path: Path, target: Path | None) -> "Image | NDArray[Any]":
        """Translate the picture in a file, and write the result to `target` if there is one."""
        with requires("pictures"):
            from PIL import Image

            from gan_nets.pictures._write_file import check_format, write_file
            from gan_nets.pictures.open_file import open_file
        source = open_file(path, target)
        pixels = source.sixteen_bit
        try:
            if target is not None:
                check_format(source.target_format, self._size(source), self._mode(source))
            result = self.image(source.image) if pixels is None else self.array(pixels)
            if source.frames > 1:
                holds = f"{path} holds {source.frames} pictures"
                warnings.warn(f"{holds}; the first one is translated", stacklevel=2)
            if source.lost_depth is not None:
                deep = f"{path} has {source.lost_depth} bits a channel"
                warnings.warn(
                    f"{deep}, of which 8 are read; a PNG or TIFF of 16 bits keeps them", stacklevel=2
                )
            if target is not None:
                write_file(result, target, source)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        return Image.fromarray(result) if isinstance(result, np.ndarray) and result.ndim == 2 else result

    def _size(self, source: "PictureFile") -> tuple[int, int]:
        """(width, height) of the result for a file, before it is set upright."""
        width, height = source.image.size
        return self._run.scale * width, self._run.scale * height

    def _mode(self, source: "PictureFile") -> str:
        """The mode of the result for a file, as `check_format` takes it."""
        if source.sixteen_bit is not None:
            return "I;16" if source.sixteen_bit.ndim == 2 else "RGB;16"
        if source.image.has_transparency_data:
            return "RGBA"
        return "RGB" if self._rgb else source.image.mode

    def _translate(self, opened: Opened[Picture]) -> Picture:
        pixels, alpha = self._run(opened.pixels, opened.alpha)
        return opened.restore(pixels, alpha)
