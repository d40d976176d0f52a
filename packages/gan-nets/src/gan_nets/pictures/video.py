"""Videos frame by frame through a network, with their times and audio."""

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
QUALITY = {"libx264": {"crf": "18"}, "libvpx-vp9": {"crf": "24", "b": "0"}}  # visually lossless
# FFmpeg's numbers of color matrices, and PyAV's names.
MATRICES = {1: "ITU709", 4: "FCC", 5: "ITU601", 6: "ITU601", 7: "SMPTE240M"}
BT709, BT601 = 1, 6
HD = 720  # height from which a video that does not name its matrix uses BT.709


def translate_video(translator: Translator, source: Path, target: Path) -> None:
    """Run a network on every frame of a video of 8 bits and write the result.

    Each frame keeps its time, and thus a variable frame rate; audio is copied; subtitles and data are left
    out. Frames are turned upright. An odd width or height is extended by a pixel, which repeats the edge,
    since the codecs need even ones. The format is that of the target's suffix: H.264, except for WebM, MPEG
    and WMV. The file is written atomically: an interrupted call leaves none.

    Args:
        translator: the network.
        source: the video.
        target: the file to write; its folder is created.

    Raises:
        ValueError: the file has no video, or the format can't hold its audio.
        OSError: the file is missing or broken, or the result can't be written.
    """
    with av.open(str(source)) as container:
        if not container.streams.video:
            raise ValueError("has no video stream; give a file that has one")
        with atomic_write(target) as path, av.open(str(path), "w") as output:
            _copy(translator, container, output, target.suffix.lower())


def _copy(translator: Translator, container: Any, output: Any, suffix: str) -> None:
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    writer = _Writer(output, stream, CODECS.get(suffix, "libx264"))
    audio = _audio_streams(container, output, suffix)
    output.metadata.update(container.metadata)
    waiting: list[
        Any
    ] = []  # audio before the first frame: nothing can be written before the video's size is known
    with tqdm(total=stream.frames or None, unit="frame", leave=False, disable=None) as bar:
        for packet in container.demux([stream, *container.streams.audio]):
            if packet.stream.index in audio:
                if packet.dts is not None:  # None marks the end of a stream
                    packet.stream = audio[packet.stream.index]
                    waiting.append(packet)
            else:
                for frame in packet.decode():
                    writer.write(frame, translator)
                    bar.update()
            if writer.begun:
                for packet in waiting:
                    output.mux(packet)
                waiting.clear()
    if not writer.begun:
        raise ValueError("has no frame that can be decoded; copy it again")
    writer.finish()
    output.mux(waiting)


def _audio_streams(container: Any, output: Any, suffix: str) -> dict[int, Any]:
    """A stream of the output for each audio stream, by the index of the original."""
    streams: dict[int, Any] = {}
    for track in container.streams.audio:
        codec = track.codec_context.name
        if codec not in output.supported_codecs:
            raise ValueError(f"{suffix} can't hold its audio ({codec}); keep the suffix, or write .mkv")
        streams[track.index] = output.add_stream_from_template(track)
    return streams


class _Writer:
    """The video stream of the result; its size is that of the first frame."""

    def __init__(self, output: Any, original: Any, codec: str) -> None:
        self._output, self._original = output, original
        self.begun = False
        rate = original.average_rate or original.guessed_rate or Fraction(25)
        self._stream = output.add_stream(codec, rate=rate, options=QUALITY.get(codec, {}))
        self._stream.pix_fmt = "yuv420p"

    def write(self, frame: Any, translator: Translator) -> None:
        """Translate a frame and write it at its time."""
        matrix = _matrix(frame)
        result = translator.array(_upright(frame, matrix))
        pixels = _even(result if result.ndim == 3 else np.repeat(result[..., None], 3, axis=-1))
        if not self.begun:
            self._begin(pixels, frame, matrix)
        translated = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(
            format="yuv420p", dst_colorspace=MATRICES[matrix], dst_color_range="MPEG"
        )
        translated.pts, translated.time_base = frame.pts, frame.time_base
        self._output.mux(self._stream.encode(translated))

    def finish(self) -> None:
        """Write the frames that the encoder has buffered."""
        self._output.mux(self._stream.encode(None))

    def _begin(self, pixels: NDArray[Any], frame: Any, matrix: int) -> None:
        context = self._stream.codec_context
        context.height, context.width = pixels.shape[:2]
        context.time_base = frame.time_base
        context.colorspace, context.color_range = matrix, 1  # 16 to 235
        context.color_primaries = self._original.codec_context.color_primaries
        context.color_trc = self._original.codec_context.color_trc
        self.begun = True


def _matrix(frame: Any) -> int:
    """The color matrix of the frame, or the usual one of its size if it names none that PyAV knows."""
    known = int(frame.colorspace)
    return known if known in MATRICES else BT709 if frame.height >= HD else BT601


def _upright(frame: Any, matrix: int) -> NDArray[np.uint8]:
    """(H, W, 3) uint8, with the frame's rotation applied."""
    pixels = frame.to_ndarray(format="rgb24", src_colorspace=MATRICES[matrix])
    return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90)))


def _even(pixels: NDArray[Any]) -> NDArray[Any]:
    height, width = pixels.shape[:2]
    return np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
