"""Videos frame by frame through a network, with their times and audio."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from tqdm import tqdm

from gan_nets.pictures._video_formats import FORMATS, VideoFormat
from gan_nets.pictures._video_sound import SoundCopy
from gan_nets.pictures._video_source import VideoSource, open_video
from gan_nets.pictures._video_times import Grid, grid_of_mpeg, grid_with_gaps
from gan_nets.pictures._video_words import encoding
from gan_nets.pictures._video_writer import VideoWriter
from gan_nets.pictures.translate import Translator
from gan_nets.saving.atomic import atomic_write
from gan_nets.saving.target import writing

IN_STEP = Fraction(1, 20)  # seconds between sound and picture that nobody notices


def translate_video(translator: Translator, source: Path, target: Path) -> None:
    """Run a network on every frame of a video and write the result.

    Each frame keeps its time, and thus a variable frame rate, and its pixel aspect; audio is copied in step,
    and chapters are kept.
    Frames are turned upright. An odd width or height is extended by a pixel, which repeats the edge, since
    the codecs need even ones. The format is that of the target's suffix: H.264 in most, VP9 in WebM, MPEG-4
    in AVI, MPEG-2 in MPEG; with alpha, ProRes in .mov, FFV1 in .mkv and .avi, VP9 in WebM. More than 8 bits
    become 10 where the encoder has them. MPEG repeats frames for a rate that it allows. The file is written
    atomically: an interrupted call leaves none.

    There is a warning that counts damaged frames, which are left out, and one for tracks, chapters, bits
    and interlacing that the result does not have, and for frames of another size, which are resized.

    Args:
        translator: the network.
        source: the video.
        target: the file to write; its folder is created.

    Raises:
        ValueError: the file has no video or is broken; or the format can't hold its alpha, pixel aspect,
            frame rate or audio.
        OSError: the file is missing, or the result can't be written.
    """
    suffix = target.suffix.lower()
    if suffix not in FORMATS:
        known = ", ".join(FORMATS)
        raise ValueError(f"{target}: expected a suffix of a video format for a video ({known})")
    form = FORMATS[suffix]
    grid = _grid(source, form, suffix)
    with (
        open_video(source, form) as video,
        writing(target),
        encoding(target),
        atomic_write(target) as path,
        av.open(str(path), "w", format=form.muxer) as output,
    ):
        _copy(translator, video, output, form, target, grid)


def _copy(
    translator: Translator,
    video: VideoSource,
    output: Any,
    form: VideoFormat,
    target: Path,
    grid: Grid | None,
) -> None:
    origin = Fraction(0) if form.clocked else video.start
    writer = VideoWriter(video, output, form, target, grid=grid, origin=origin)
    sound = SoundCopy(video, output, form, suffix=target.suffix.lower(), origin=origin)
    output.metadata.update(video.container.metadata)
    if form.chapters:
        output.set_chapters(video.container.chapters())
    waiting: list[Any] = []  # sound before the first frame, since the header needs the video's size
    with tqdm(total=video.track.frames or None, unit="frame", leave=False, disable=None) as bar:
        for item in video.read():
            if isinstance(item, av.VideoFrame):
                writer.write(item, translator)
                bar.update()
            elif (packet := sound.prepare(item)) is not None:
                waiting.append(packet)
            if writer.begun:
                output.mux(waiting)
                waiting.clear()
    if not writer.begun:
        raise ValueError(f"{video.path}: has no frame that can be decoded; copy it again")
    writer.finish()


def _grid(source: Path, form: VideoFormat, suffix: str) -> Grid | None:
    """Times of the frames, if the format can't hold any; the file is read once for them."""
    if form.times == "any":
        return None
    with open_video(source) as video:
        times, sounds = _times(video)
        rates = [video.track.guessed_rate or video.rate, video.rate]
        tick = video.track.time_base
    if form.times == "gaps":
        late = max((abs(start) for start in sounds.values()), default=Fraction(0))
        if late > IN_STEP:
            found = f"{source}: has audio that starts after {float(late):.2f} seconds"
            raise ValueError(f"{found}, which {suffix} can't hold; write .mkv")
        return grid_with_gaps(times, rates, tick)
    grid = grid_of_mpeg(times, rates, tick)
    if grid is None:
        found = f"{source}: has {float(rates[-1]):g} frames a second, or uneven times"
        raise ValueError(f"{found}; {suffix} holds 24, 25, 30, 50, 60 and the like; write .mp4 or .mkv")
    return grid


def _times(video: VideoSource) -> tuple[list[Fraction], dict[int, Fraction]]:
    """Times of all frames, and where each track of sound starts from time zero on."""
    times: list[Fraction] = []
    sounds: dict[int, Fraction] = {}
    for packet in video.packets():
        time = video.time(packet)
        if time is None:
            continue
        if packet.stream.index == video.track.index:
            times.append(time)
        elif time >= 0:
            sounds.setdefault(packet.stream.index, time)
    return times, sounds
