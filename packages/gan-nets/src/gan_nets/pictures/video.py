"""Videos frame by frame through a network, with their times and their sound."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from gan_nets.pictures.translate import Translator
from gan_nets.saving.atomic import atomic_write

CODECS = {".webm": "libvpx-vp9", ".mpg": "mpeg2video", ".mpeg": "mpeg2video", ".wmv": "wmv2"}  # else H.264
QUALITY = {
    "libx264": {"crf": "18"},
    "libvpx-vp9": {"crf": "24", "b": "0"},
}  # hardly to be told from the frames
# FFmpeg's numbers of colour matrices, and PyAV's names of them.
MATRICES = {1: "ITU709", 4: "FCC", 5: "ITU601", 6: "ITU601", 7: "SMPTE240M"}
BT709, BT601 = 1, 6
HD = 720  # height from which on a video that does not name its matrix has BT.709's


def translate_video(translator: Translator, source: Path, target: Path) -> None:
    """Run a network on every frame of a video of 8 bits and write the result.

    Each frame keeps its time, so a variable frame rate stays one; sound is copied as it is, subtitles and
    data are left out. Frames are turned upright. An odd width or height grows by a pixel, its edge repeated,
    as the codecs ask for even ones. The format is that of the target's suffix; H.264, but for WebM and
    MPEG. A kill leaves a whole file or none.

    Raises:
        ValueError: the file holds no video, or the format can't hold its sound.
        OSError: the file is missing or broken, or the result can't be written.
    """
    with av.open(str(source)) as given:
        if not given.streams.video:
            raise ValueError("holds no video; translate what has one")
        with atomic_write(target) as path, av.open(str(path), "w") as made:
            _copy(translator, given, made, target.suffix.lower())


def _copy(translator: Translator, given: Any, made: Any, suffix: str) -> None:
    stream = given.streams.video[0]
    stream.thread_type = "AUTO"
    writer = _Writer(made, stream, CODECS.get(suffix, "libx264"))
    sound = {}
    for audio in given.streams.audio:
        if audio.codec_context.name not in made.supported_codecs:
            raise ValueError(
                f"{suffix} can't hold its sound ({audio.codec_context.name}); keep the suffix, or write .mkv"
            )
        sound[audio.index] = made.add_stream_from_template(audio)
    made.metadata.update(given.metadata)
    waiting = []  # sound from before the first frame: nothing can be written before its size is known
    with tqdm(total=stream.frames or None, unit="frame", leave=False, disable=None) as bar:
        for packet in given.demux([stream, *given.streams.audio]):
            if packet.stream.index in sound:
                if packet.dts is not None:  # None ends a stream
                    packet.stream = sound[packet.stream.index]
                    waiting.append(packet)
            else:
                for frame in packet.decode():
                    writer.write(frame, translator)
                    bar.update()
            if writer.begun:
                for packet in waiting:
                    made.mux(packet)
                waiting.clear()
    if not writer.begun:
        raise ValueError("holds no frame that can be decoded; copy it again")
    writer.finish()
    made.mux(waiting)


class _Writer:
    """The video stream of the result, which takes its size from the first frame."""

    def __init__(self, made: Any, like: Any, codec: str) -> None:
        self._made, self._like = made, like
        self.begun = False
        rate = like.average_rate or like.guessed_rate or Fraction(25)
        self._stream = made.add_stream(codec, rate=rate, options=QUALITY.get(codec, {}))
        self._stream.pix_fmt = "yuv420p"

    def write(self, frame: Any, translator: Translator) -> None:
        """Translate a frame and write it at its time."""
        matrix = _matrix(frame)
        result = translator.array(_upright(frame, matrix))
        shown = _even(result if result.ndim == 3 else np.repeat(result[..., None], 3, axis=-1))
        if not self.begun:
            self._begin(shown, frame, matrix)
        drawn = av.VideoFrame.from_ndarray(shown, "rgb24")
        drawn = drawn.reformat(format="yuv420p", dst_colorspace=MATRICES[matrix], dst_color_range="MPEG")
        drawn.pts, drawn.time_base = frame.pts, frame.time_base
        self._made.mux(self._stream.encode(drawn))

    def finish(self) -> None:
        """Write what the encoder holds back."""
        self._made.mux(self._stream.encode(None))

    def _begin(self, shown: NDArray, frame: Any, matrix: int) -> None:
        context = self._stream.codec_context
        context.height, context.width = shown.shape[:2]
        context.time_base = frame.time_base
        context.colorspace, context.color_range = matrix, 1  # 16 to 235
        context.color_primaries = self._like.codec_context.color_primaries
        context.color_trc = self._like.codec_context.color_trc
        self.begun = True


def _matrix(frame: Any) -> int:
    """That of the frame, or the usual one of its size if it names none (or one that PyAV does not know)."""
    known = int(frame.colorspace)
    return known if known in MATRICES else BT709 if frame.height >= HD else BT601


def _upright(frame: Any, matrix: int) -> NDArray:
    """(H, W, 3) uint8, as it is to be seen."""
    pixels = frame.to_ndarray(format="rgb24", src_colorspace=MATRICES[matrix])
    return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90)))


def _even(pixels: NDArray) -> NDArray:
    height, width = pixels.shape[:2]
    return np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
