"""The frames and sound of a video file, past what is damaged."""

import warnings
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.error import FFmpegError
from gan_data import open_regular

from gan_nets.pictures._video_clock import Clock
from gan_nets.pictures._video_formats import VideoFormat
from gan_nets.pictures._video_tracks import best_track, left_out, stated_end
from gan_nets.pictures._video_words import ffmpeg_words

PLAYLIST = b"ffconcat"  # with which FFmpeg's lists of files begin
ERRORS = 20  # in a row, after which the rest of a file is given up
CLOCKED = {"mpeg", "mpegts"}  # formats whose time zero has no meaning, and whose clock may jump
MISSING = Fraction(1, 2)  # seconds at the end of a file that are worth a note
WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}  # FFmpeg's own decoders of these drop alpha


class VideoSource:
    """A video file that is open for reading.

    Attributes:
        path: the file.
        container: PyAV's container.
        track: the video track that is translated.
        sounds: the tracks of sound.
        rate: frames a second, as the file says.
        clocked: whether its time zero has no meaning.
        ordered: whether frames are shown in the order and at the times at which they are stored.
    """

    def __init__(self, path: Path, container: Any) -> None:
        self.path, self.container = path, container
        self.track = best_track(path, container)
        self.sounds = [track for track in container.streams.audio if track.codec_context is not None]
        self.rate: Fraction = self.track.average_rate or self.track.guessed_rate or Fraction(25)
        self.clocked: bool = container.format.name in CLOCKED
        self._decoder: Any = self.track.codec_context
        if self.track.metadata.get("alpha_mode") == "1" and self._decoder.name in WITH_ALPHA:
            self._decoder = av.CodecContext.create(WITH_ALPHA[self._decoder.name], "r")
        # Not by frames in parallel: after an error, PyAV would lose the good frames of other threads.
        self._decoder.thread_type = "SLICE"
        # AVI stores no times, only an order; FFmpeg's guess for H.264 is a frame late.
        self.ordered: bool = container.format.name == "avi"
        self._times: deque[int] = deque()
        self._late = False
        self._damaged = self._repaired = 0
        self._end = Fraction(0)
        self._clock = Clock()

    @property
    def aspect(self) -> Fraction:
        """Width of a pixel by its height, as the frames are stored."""
        return self.track.sample_aspect_ratio or Fraction(1)

    @property
    def start(self) -> Fraction:
        """Time of its beginning in seconds: zero where time zero has a meaning."""
        start = self.container.start_time if self.clocked else None
        return Fraction(start or 0, 1_000_000)

    def read(self) -> Iterator[Any]:
        """Frames of the video, and packets of sound, in the file's order, with a note on what is damaged."""
        for packet in self.packets():
            if packet.stream.index == self.track.index:
                yield from self._frames(packet)
            else:
                yield packet
        yield from self._frames(None)  # those that the decoder has kept back
        if self._late:
            warnings.warn(f"{self.path} has a track that it does not announce; it is left out", stacklevel=2)
        if self._repaired or self._damaged:
            warnings.warn(f"{self.path} is damaged: {self._found()}", stacklevel=2)
        missing = stated_end(self.container, self.track) - self._end
        if missing > MISSING and not self.clocked:  # where FFmpeg estimates the end
            frames = round(missing * self.rate)
            warnings.warn(f"{self.path} is cut off: its last {frames} frames are missing", stacklevel=2)

    def packets(self) -> Iterator[Any]:
        """The packets of the video, and those of the sound with times; after an error, those that follow."""
        failed = 0
        while failed < ERRORS:
            try:
                for packet in self.container.demux([self.track, *self.sounds]):
                    failed = 0
                    if self.clocked:
                        self._clock.correct(packet)
                    if packet.size and (packet.dts is not None or packet.stream.index == self.track.index):
                        yield packet
                return
            except FFmpegError:
                failed += 1
            except IndexError:  # of PyAV, at the end of a file with a track that it does not announce
                self._late = True
                return
        self._damaged += 1

    def time(self, packet: Any) -> Fraction | None:
        """When a packet is shown, in seconds from the beginning, if it says so."""
        ticks = packet.dts if self.ordered or packet.pts is None else packet.pts
        return None if ticks is None else ticks * packet.time_base - self.start

    def _frames(self, packet: Any) -> Iterator[Any]:
        if self.ordered and packet is not None:
            self._times.append(packet.dts)
        try:
            frames = self._decoder.decode(packet)
        except FFmpegError:
            self._damaged += 1
            if self._times:
                self._times.pop()
            return
        for frame in frames:
            self._repaired += frame.is_corrupt
            if self._times:
                frame.pts = self._times.popleft()
            frame.time_base = frame.time_base or self.track.time_base
            if frame.pts is None:
                frame.pts = round(self._end / frame.time_base)
            self._end = max(self._end, frame.pts * frame.time_base + 1 / self.rate)
            yield frame

    def _found(self) -> str:
        found = {"left out": self._damaged, "repaired by the decoder": self._repaired}
        counts = (f"{n} {'frame is' if n == 1 else 'frames are'} {what}" for what, n in found.items() if n)
        return ", and ".join(counts)


def _container(path: Path) -> InputContainer:
    """The file as PyAV opens it, whatever the encoding of its metadata."""
    if int(av.__version__.split(".")[0]) < 19:
        return av.open(str(path), metadata_errors="replace")
    return av.open(str(path))  # which replaces by itself, and has no such argument


@contextmanager
def open_video(path: Path, form: VideoFormat | None = None) -> Generator[VideoSource]:
    """Open a video file.

    Args:
        path: the file.
        form: the result's format, if there is one; a warning names what the result will not have.

    Raises:
        ValueError: the file is not a video.
        OSError: the file can't be read.
    """
    with open_regular(path) as file:  # the system's errors are clearer than FFmpeg's
        head = file.read(len(PLAYLIST))
        if not head:
            raise ValueError(f"{path}: is empty (0 bytes); copy it again")
        if head == PLAYLIST:
            raise ValueError(
                f"{path}: is a list of other files, which is not read; give the videos themselves"
            )
    try:
        container = _container(path)
    except FFmpegError as error:
        raise ValueError(
            f"{path}: is broken, or not a video ({ffmpeg_words(error)}); copy it again"
        ) from error
    with container:
        source = VideoSource(path, container)
        if form is not None and (other := left_out(container, source.track, form)):
            size = f"{source.track.width}x{source.track.height}"
            warnings.warn(f"{path}: its video of {size} is translated; left out: {other}", stacklevel=3)
        yield source
