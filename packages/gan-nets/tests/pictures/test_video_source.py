"""Videos that are damaged, or hold more than one video."""

import re
import warnings
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest
from av.stream import Disposition
from gan_nets.pictures.translate import Translator
from gan_nets.pictures.video import translate_video
from torch import nn

SAME = Translator(nn.Identity())
MILLISECOND = Fraction(1, 1000)


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "index", "zeros_from"),
    [
        ("in.avi", "mjpeg", "yuvj420p", 3, 8),
        ("in.mp4", "libx264", "yuv420p", 3, None),
        ("in.mp4", "libx264", "yuv420p", 5, None),
    ],
)
def test_a_damaged_frame_is_left_out_and_counted(
    tmp_path, write_video, read_video, damage, name, codec, pixels, index, zeros_from
):
    write_video(tmp_path / name, codec=codec, pixels=pixels, options={"bf": "0"})
    damage(tmp_path / name, index, zeros_from)
    with pytest.warns(UserWarning, match=rf"{name} is damaged: 1 frame is left out"):
        translate_video(SAME, tmp_path / name, tmp_path / f"out_{name}")
    times, *_ = read_video(tmp_path / f"out_{name}")
    assert times == [i / 10 for i in range(6) if i != index]


def test_what_the_decoder_repairs_is_counted(tmp_path, write_video, read_video, damage):
    write_video(tmp_path / "in.avi", codec="mpeg4")
    damage(tmp_path / "in.avi", 3, zeros_from=8)
    with pytest.warns(UserWarning, match=r"in\.avi is damaged: 1 frame is repaired by the decoder"):
        translate_video(SAME, tmp_path / "in.avi", tmp_path / "out.avi")
    assert len(read_video(tmp_path / "out.avi")[0]) == 6


@pytest.mark.parametrize(
    ("name", "codec", "pixels"), [("in.avi", "mjpeg", "yuvj420p"), ("in.mkv", "libx264", "yuv420p")]
)
def test_a_video_that_is_cut_off_is_translated_up_to_there(
    tmp_path, write_video, read_video, name, codec, pixels
):
    write_video(tmp_path / name, times=range(20), codec=codec, pixels=pixels)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) * 6 // 10])
    with pytest.warns(UserWarning, match="is cut off: its last") as said:
        translate_video(SAME, tmp_path / name, tmp_path / f"out_{name}")
    missing = int(re.search(r"its last (\d+) frames are missing", str(said[-1].message))[1])
    assert 0 < len(read_video(tmp_path / f"out_{name}")[0]) == 20 - missing


def test_frames_of_another_size_are_resized_with_a_warning(tmp_path, write_video, read_video):
    """As in recordings of broadcasts."""
    write_video(tmp_path / "1.ts", options={"bf": "0"})
    write_video(tmp_path / "2.ts", size=(64, 96), times=range(6, 12), options={"bf": "0"})
    joined = (tmp_path / "1.ts").read_bytes() + (tmp_path / "2.ts").read_bytes()
    (tmp_path / "in.ts").write_bytes(joined)
    with pytest.warns(UserWarning, match=r"changes its size from 64x48 to 96x64 at 0\.60 seconds; all"):
        translate_video(SAME, tmp_path / "in.ts", tmp_path / "out.ts")
    times, frames, *_ = read_video(tmp_path / "out.ts")
    assert times == [i / 10 for i in range(12)]
    assert {(frame.width, frame.height) for frame in frames} == {(64, 48)}


def test_times_continue_where_the_clock_of_a_recording_jumps(tmp_path, write_video, read_video):
    write_video(tmp_path / "1.ts", times=range(1000, 1006), options={"bf": "0"}, audio="aac", audio_start=100)
    write_video(tmp_path / "2.ts", options={"bf": "0"}, audio="aac")
    joined = (tmp_path / "1.ts").read_bytes() + (tmp_path / "2.ts").read_bytes()
    (tmp_path / "in.ts").write_bytes(joined)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        translate_video(SAME, tmp_path / "in.ts", tmp_path / "out.mkv")
    times, *_ = read_video(tmp_path / "out.mkv")
    assert len(times) == 12
    assert all(0 < after - before < 3 for before, after in pairwise(times))
    assert times[0] < 0.2


def test_the_best_video_is_translated_and_the_other_tracks_are_named(tmp_path, read_video):
    with av.open(str(tmp_path / "in.mkv"), "w") as file:
        streams = [file.add_stream("mjpeg", rate=10), file.add_stream("libx264", rate=10)]
        for stream, size in zip(streams, (32, 64), strict=True):
            stream.width = stream.height = size
            stream.pix_fmt = "yuvj420p" if size == 32 else "yuv420p"
        for stream, count in zip(streams, (1, 6), strict=True):
            for i in range(count):
                frame = av.VideoFrame(stream.width, stream.height, stream.pix_fmt)
                frame.pts, frame.time_base = i, Fraction(1, 10)
                file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
    with pytest.warns(UserWarning, match=r"its video of 64x64 is translated; left out: 1 video track"):
        translate_video(SAME, tmp_path / "in.mkv", tmp_path / "out.mkv")
    times, frames, *_ = read_video(tmp_path / "out.mkv")
    assert (len(times), frames[0].width) == (6, 64)


def write_chapters(path):
    """A video of half a second with two chapters."""
    times = (("Anfang", 0, 250), ("Schlußteil", 250, 500))
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=10)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        file.set_chapters(
            [
                {"id": i, "start": start, "end": end, "time_base": MILLISECOND, "metadata": {"title": title}}
                for i, (title, start, end) in enumerate(times, 1)
            ]
        )
        for i in range(5):
            frame = av.VideoFrame(32, 32, "yuv420p")
            frame.pts, frame.time_base = i, Fraction(1, 10)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


@pytest.mark.parametrize("source", ["in.mkv", "in.mov"])  # the second one has a track of data for them
@pytest.mark.parametrize("target", ["out.mp4", "out.mkv", "out.wmv", "out.webm"])
def test_chapters_are_kept(tmp_path, recwarn, source, target):
    write_chapters(tmp_path / source)
    translate_video(SAME, tmp_path / source, tmp_path / target)
    with av.open(str(tmp_path / target)) as file:
        found = file.chapters()
    spans = [
        (float(each["start"] * each["time_base"]), float(each["end"] * each["time_base"])) for each in found
    ]
    assert spans == [(0, 0.25), (0.25, 0.5)]
    assert [each["metadata"]["title"] for each in found] == ["Anfang", "Schlußteil"]
    assert not recwarn.list


def test_a_note_counts_the_chapters_that_a_format_cannot_hold(tmp_path):
    write_chapters(tmp_path / "in.mp4")
    with pytest.warns(UserWarning, match=r"its video of 32x32 is translated; left out: 2 chapters$"):
        translate_video(SAME, tmp_path / "in.mp4", tmp_path / "out.avi")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"in\.mp4: is empty \(0 bytes\); copy it again"),
        (b"<html>", r"in\.mp4: is broken, or not a video \(.+\); copy it again"),
        (b"\0\0\0\x18ftypmp42" + bytes(80), r"in\.mp4: is broken, or not a video \(.+\); copy it again"),
    ],
)
def test_a_file_that_is_no_video_is_one_sentence_without_numbers_of_errors(tmp_path, content, message):
    (tmp_path / "in.mp4").write_bytes(content)
    with pytest.raises(ValueError, match=message) as raised:
        translate_video(SAME, tmp_path / "in.mp4", tmp_path / "out.mp4")
    assert not re.search(r"Errno|\d{4}|avcodec|avformat", str(raised.value).replace(str(tmp_path), ""))
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_sound_alone_is_no_video(tmp_path):
    with av.open(str(tmp_path / "in.mkv"), "w") as file:
        stream = file.add_stream("aac", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts = 8000, 0
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    with pytest.raises(ValueError, match="has no video; give a file that has a video track"):
        translate_video(SAME, tmp_path / "in.mkv", tmp_path / "out.mkv")


@pytest.mark.parametrize("alone", [False, True])
def test_a_cover_is_no_video(tmp_path, alone):
    with av.open(str(tmp_path / "in.mp4"), "w") as file:
        video = None if alone else file.add_stream("libx264", rate=10)
        cover = file.add_stream("mjpeg", rate=10)
        cover.width, cover.height, cover.pix_fmt = 96, 64, "yuvj420p"
        cover.disposition = Disposition.attached_pic.value
        streams = [cover] if video is None else [video, cover]
        for stream in streams:
            frame = av.VideoFrame(stream.width, stream.height, stream.pix_fmt)
            frame.pts, frame.time_base = 0, Fraction(1, 10)
            file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
    if alone:
        with pytest.raises(
            ValueError, match=r"in\.mp4: has only a cover; give a file that has a video track"
        ):
            translate_video(SAME, tmp_path / "in.mp4", tmp_path / "out.mp4")
    else:
        with pytest.warns(
            UserWarning, match=r"in\.mp4: its video of 640x480 is translated; left out: 1 cover"
        ):
            translate_video(SAME, tmp_path / "in.mp4", tmp_path / "out.mp4")
