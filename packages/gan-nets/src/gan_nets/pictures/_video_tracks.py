"""The tracks of a video file: the one that is translated, and the others."""

from fractions import Fraction
from pathlib import Path
from typing import Any

from av.stream import Disposition

from gan_nets.pictures._video_formats import VideoFormat


def _is_cover(track: Any) -> bool:
    return Disposition.attached_pic in track.disposition


def best_track(path: Path, container: Any) -> Any:
    """The video track that FFmpeg finds the most likely one."""
    best = container.streams.best("video")
    if best is None or _is_cover(best):
        found = "only a cover" if container.streams.video else "no video"
        raise ValueError(f"{path}: has {found}; give a file that has a video track")
    if best.codec_context is None:
        raise ValueError(f"{path}: has a video that FFmpeg has no decoder for; convert it")
    return best


def left_out(container: Any, best: Any, form: VideoFormat) -> str:
    """The tracks and chapters that a result of this format will not have, counted."""
    others = [track for track in container.streams.video if track.index != best.index]
    covers = sum(map(_is_cover, others))
    counts = {
        "video track": len(others) - covers,
        "cover": covers,
        "subtitle track": len(container.streams.subtitles),
        "track of data": len(container.streams.data) - _has_chapter_track(container),
        "attachment": len(container.streams.attachments),
        "chapter": 0 if form.chapters else len(container.chapters()),
    }
    return ", ".join(f"{n} {what if n == 1 else _plural(what)}" for what, n in counts.items() if n)


def _has_chapter_track(container: Any) -> bool:
    """Whether one of the tracks of data holds the chapters, as in QuickTime's formats."""
    names = {track.name for track in container.streams.data}
    return "mov" in container.format.name and "bin_data" in names and bool(container.chapters())


def _plural(what: str) -> str:
    return "tracks of data" if what == "track of data" else f"{what}s"


def stated_end(container: Any, track: Any) -> Fraction:
    """Where a track ends as its file says, in seconds; zero if it does not."""
    if container.format.name == "avi":  # its length is that of the file, even if that was cut off
        return Fraction(track.frames) / (track.average_rate or 25)
    if track.duration:
        return (track.duration + (track.start_time or 0)) * track.time_base
    if "DURATION" in track.metadata:
        return _seconds(track.metadata["DURATION"])
    alone = not container.streams.audio
    return Fraction(container.duration or 0, 1_000_000) if alone else Fraction(0)


def _seconds(duration: str) -> Fraction:
    """Of Matroska's "00:01:02.345"; zero if it is damaged."""
    try:
        hours, minutes, seconds = duration.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)
    except ValueError:
        return Fraction(0)
