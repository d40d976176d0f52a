"""The frames of a translated video, encoded at their times."""

import warnings
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from gan_nets.pictures._video_formats import H264_IN_ORDER, MPEG4, Encoder, VideoFormat
from gan_nets.pictures._video_frames import FrameKind, kind_of
from gan_nets.pictures._video_source import VideoSource
from gan_nets.pictures._video_times import Grid
from gan_nets.pictures.translate import Translator


class VideoWriter:
    """The video track of a result, of the size, depth and encoder that follow from the first frame.

    Args:
        video: the source.
        output: PyAV's container of the result.
        form: what the result's format holds.
        target: the result's file, for messages.
        grid: times of the frames, if the format can't hold any.
        origin: time in seconds that becomes zero.
    """

    def __init__(
        self,
        video: VideoSource,
        output: Any,
        form: VideoFormat,
        target: Path,
        *,
        grid: Grid | None,
        origin: Fraction,
    ) -> None:
        self._video, self._output, self._form, self._target = video, output, form, target
        self._grid, self._origin = grid, origin
        self._kind: FrameKind | None = None
        self._encoder, self._stream = form.encoder, None
        self._next = 0 if grid else None  # the least step that is free
        self._previous: Any = None
        self._resized = False

    @property
    def begun(self) -> bool:
        """Whether a frame was written, and with it the file's header."""
        return self._stream is not None

    def write(self, frame: Any, translator: Translator) -> None:
        """Translate a frame and write it at its time.

        Raises:
            ValueError: the format can't hold the video.
        """
        if self._kind is None:
            self._kind = kind_of(frame)
            self._encoder = self._encoder_for(self._kind, frame)
        kind = self._kind
        if (frame.width, frame.height) != kind.size and not self._resized:
            self._resized = True
            self._warn(
                f"changes its size from {_by(kind.size)} to {_by((frame.width, frame.height))} at "
                f"{float(frame.time):.2f} seconds; all frames are resized to {_by(kind.size)}"
            )
        translated = kind.frame(translator.array(kind.array(frame)), self._encoder)
        if self._stream is None:
            self._stream = self._begin(translated, frame, kind)
        steps = self._steps(frame)
        if self._previous is None and self._grid is not None and steps[-1] > 0:
            self._warn(f"begins at {float(frame.time):.2f} seconds; its first frame is shown from the start")
        for step in steps:
            shown = translated if step == steps[-1] or self._previous is None else self._previous
            shown.pts, shown.time_base = step, self._stream.codec_context.time_base
            self._output.mux(self._stream.encode(shown))
        self._previous = translated

    def finish(self) -> None:
        """Write the frames that the encoder has buffered."""
        if self._stream is not None:
            self._output.mux(self._stream.encode(None))

    def _steps(self, frame: Any) -> range:
        """The steps at which to show a frame; all but the last are of the previous one, if it is repeated."""
        if self._grid is None:
            step: int = frame.pts - round(self._origin / frame.time_base)
        else:
            step = self._grid.step(frame.pts * frame.time_base - self._origin)
        step = step if self._next is None else max(step, self._next)
        first = step if self._next is None or self._form.times != "rate" else self._next
        self._next = step + 1
        return range(first, step + 1)

    def _encoder_for(self, kind: FrameKind, frame: Any) -> Encoder:
        """The encoder that holds frames like the first one."""
        suffix, name = self._target.suffix.lower(), self._video.path
        encoder = self._form.alpha if kind.alpha else self._form.encoder
        if encoder is MPEG4 and self._video.ordered and self._video.track.codec_context.name == "h264":
            encoder = H264_IN_ORDER  # an AVI that stays as it is: players show it a frame late, or do not
        if encoder is None:
            raise ValueError(f"{name}: has alpha, which {suffix} can't hold; write .mov, .mkv or .webm")
        aspect = self._aspect(kind)
        if not encoder.holds_aspect(aspect, kind.upright):
            shape = f"{aspect.numerator}:{aspect.denominator}"
            raise ValueError(f"{name}: has pixels of {shape}, which {suffix} can't hold; write .mp4 or .mov")
        held = max(each.bits for each in av.VideoFormat(encoder.pixels_for(kind.bits)).components)
        if kind.bits > held:
            self._warn(f"has {kind.bits} bits a channel; the result has {held}, as {suffix} holds here")
        if frame.interlaced_frame:
            self._warn("is interlaced; its frames are translated whole, and the result is not interlaced")
        if kind.alpha:
            self._warn(f"has alpha; the result keeps it, as {encoder.codec}, and is larger than without")
        return encoder

    def _warn(self, note: str) -> None:
        warnings.warn(f"{self._video.path} {note}", stacklevel=3)

    def _aspect(self, kind: FrameKind) -> Fraction:
        """Width of a pixel by its height, upright."""
        aspect = self._video.aspect
        return 1 / aspect if kind.orientation.transposed else aspect

    def _begin(self, translated: Any, frame: Any, kind: FrameKind) -> Any:
        """The stream of the result."""
        rate = self._video.rate if self._grid is None else self._grid.rate
        stream = self._output.add_stream(self._encoder.codec, rate=rate, options=self._encoder.options)
        context, original = stream.codec_context, self._video.track.codec_context
        context.width, context.height = translated.width, translated.height
        context.pix_fmt = translated.format.name
        context.time_base = frame.time_base if self._grid is None else 1 / self._grid.rate
        context.sample_aspect_ratio = self._aspect(kind)
        if not self._encoder.rgb:
            context.colorspace, context.color_range = kind.matrix, 1  # 16 to 235
            context.color_primaries, context.color_trc = original.color_primaries, original.color_trc
        return stream


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
