"""The sound of a video, copied in step with its frames."""

from fractions import Fraction
from typing import Any

from gan_nets.pictures._video_formats import VideoFormat
from gan_nets.pictures._video_source import VideoSource


class SoundCopy:
    """The tracks of sound of a result.

    Args:
        video: the source.
        output: PyAV's container of the result.
        form: what the result's format holds.
        suffix: of the result.
        origin: time in seconds that becomes zero.

    Raises:
        ValueError: the format can't hold a track's codec.
    """

    def __init__(
        self, video: VideoSource, output: Any, form: VideoFormat, *, suffix: str, origin: Fraction
    ) -> None:
        self._origin = origin
        matroska = "matroska" in video.container.format.name
        self._before_zero = form.before_zero == "any" or (form.before_zero == "same" and matroska)
        self._last: dict[int, int] = {}
        self._tracks: dict[int, Any] = {}
        held = output.supported_codecs if form.sound is None else form.sound
        for track in video.sounds:
            codec = track.codec_context.name
            if codec not in held:
                raise ValueError(
                    f"{video.path}: {suffix} can't hold its audio ({codec}); keep the suffix, or write .mkv"
                )
            self._tracks[track.index] = copied = output.add_stream_from_template(track)
            copied.metadata.update(track.metadata)

    def prepare(self, packet: Any) -> Any:
        """A packet for its track of the result; None if it would be heard before time zero.

        Such a packet only prepares the decoder. Formats without times below zero would move all frames
        instead.
        """
        index, shift = packet.stream.index, round(self._origin / packet.time_base)
        dts: int = packet.dts - shift
        pts: int = dts if packet.pts is None else packet.pts - shift
        if pts < 0 and not self._before_zero:
            return None
        dts = max(dts, self._last.get(index, dts - 1) + 1)  # files hold increasing times only
        packet.dts, packet.pts, self._last[index] = dts, max(pts, dts), dts
        packet.stream = self._tracks[index]
        return packet
