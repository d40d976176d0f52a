"""Frames of videos as arrays for a network, and back: color matrix, bits, alpha, rotation and size."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import av
import numpy as np
from numpy.typing import NDArray

from gan_nets.pictures._video_formats import Encoder

# FFmpeg's numbers of color matrices, and those of its scaler.
MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
BT709, BT601 = 1, 6
HD = 720  # height from which a video that does not name its matrix uses BT.709
PACKED = {  # by alpha, and more than 8 bits
    (False, False): "rgb24", (True, False): "rgba", (False, True): "rgb48le", (True, True): "rgba64le",
}  # fmt: skip


class Orientation(NamedTuple):
    """What sets a stored frame upright: rows and columns exchanged first, then mirrored."""

    transposed: bool = False
    upside_down: bool = False
    left_right: bool = False

    def apply(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """The array (H, W, C) upright."""
        pixels = pixels.swapaxes(0, 1) if self.transposed else pixels
        pixels = pixels[::-1] if self.upside_down else pixels
        return pixels[:, ::-1] if self.left_right else pixels


@dataclass(frozen=True)
class FrameKind:
    """What the frames of a result have in common, from the first one.

    Attributes:
        size: (width, height) as stored; later frames of another size are resized to it.
        alpha: whether they have alpha.
        bits: a channel.
        matrix: FFmpeg's number of the color matrix.
        orientation: what sets the frames upright.
    """

    size: tuple[int, int]
    alpha: bool
    bits: int
    matrix: int
    orientation: Orientation

    @property
    def upright(self) -> tuple[int, int]:
        """(height, width) when set upright."""
        width, height = self.size
        return (width, height) if self.orientation.transposed else (height, width)

    def array(self, frame: Any) -> NDArray[Any]:
        """A frame as (H, W, 3), or 4 with alpha, upright: uint8, or uint16 for more than 8 bits."""
        pixels = frame.to_ndarray(
            format=PACKED[self.alpha, self.bits > 8],
            width=self.size[0],
            height=self.size[1],
            src_colorspace=MATRICES[_matrix(frame)],
        )
        return np.ascontiguousarray(self.orientation.apply(pixels))

    def frame(self, pixels: NDArray[Any], encoder: Encoder) -> Any:
        """The encoder's frame of an array (H, W, C) from `array`'s; odd sides are extended by a pixel."""
        colors = pixels[..., :3] if pixels.shape[-1] > 2 else pixels[..., :1].repeat(3, axis=-1)
        if self.alpha:
            colors = np.concatenate([colors, pixels[..., -1:]], axis=-1)
        frame = av.VideoFrame.from_ndarray(_even(colors), PACKED[self.alpha, self.bits > 8])
        target = encoder.pixels_for(self.bits)
        if encoder.rgb:
            return frame.reformat(format=target)
        return frame.reformat(format=target, dst_colorspace=MATRICES[self.matrix], dst_color_range="MPEG")


def kind_of(frame: Any) -> FrameKind:
    """What a frame is like."""
    components = frame.format.components
    return FrameKind(
        size=(frame.width, frame.height),
        alpha=any(each.is_alpha for each in components) or _has_clear_color(frame),
        bits=max(each.bits for each in components),
        matrix=_matrix(frame),
        orientation=_orientation(frame),
    )


def _orientation(frame: Any) -> Orientation:
    """From the display matrix: x' = a x + c y, y' = b x + d y; an angle between is taken to the nearest."""
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return Orientation()
    a, b, _, c, d = np.frombuffer(matrix, np.int32, count=5).tolist()
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(transposed=True, upside_down=b < 0, left_right=c < 0)
    return Orientation(upside_down=d < 0, left_right=a < 0)


def _matrix(frame: Any) -> int:
    """The color matrix of a frame, or the usual one of its size if it names none that is known."""
    known = int(frame.colorspace)
    return known if known in MATRICES else BT709 if frame.height >= HD else BT601


def _has_clear_color(frame: Any) -> bool:
    return frame.format.has_palette and bool((frame.to_ndarray(format="rgba")[..., 3] < 255).any())


def _even(pixels: NDArray[Any]) -> NDArray[Any]:
    height, width = pixels.shape[:2]
    return np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
