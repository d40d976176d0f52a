"""Times of frames, and of the sound, in formats that hold any times, and in those that do not."""

from fractions import Fraction

import pytest
from gan_nets.pictures._video_times import Grid, grid_of_mpeg, grid_with_gaps
from gan_nets.pictures.translate import Translator
from gan_nets.pictures.video import translate_video
from torch import nn

SAME = Translator(nn.Identity())
UNEVEN = (0, 1, 2, 5, 6, 9)


@pytest.mark.parametrize("times", [range(6), UNEVEN], ids=["even", "uneven"])
@pytest.mark.parametrize("suffix", [".avi", ".flv", ".ts", ".wmv", ".webm"])
def test_times_are_kept(tmp_path, write_video, read_video, suffix, times):
    write_video(tmp_path / "in.mp4", times=times)
    translate_video(SAME, tmp_path / "in.mp4", tmp_path / f"out{suffix}")
    assert read_video(tmp_path / f"out{suffix}")[0] == [time / 10 for time in times]


@pytest.mark.parametrize(
    ("codec", "pixels"), [("mjpeg", "yuvj420p"), ("mpeg4", "yuv420p"), ("libx264", "yuv420p")]
)
@pytest.mark.parametrize("times", [range(6), UNEVEN], ids=["even", "uneven"])
def test_times_of_avi_are_kept(tmp_path, write_video, read_video, codec, pixels, times):
    """FFmpeg reads H.264 in AVI a frame late, in both files."""
    write_video(tmp_path / "in.avi", codec=codec, pixels=pixels, times=times, options={"bf": "0"})
    translate_video(SAME, tmp_path / "in.avi", tmp_path / "out.avi")
    assert read_video(tmp_path / "out.avi")[0] == read_video(tmp_path / "in.avi")[0]
    translate_video(SAME, tmp_path / "in.avi", tmp_path / "out.mp4")
    assert read_video(tmp_path / "out.mp4")[0] == [time / 10 for time in times]


@pytest.mark.parametrize("rate", [10, 25, Fraction(30_000, 1001), Fraction(25, 2), Fraction(1, 2)])
def test_mpeg_has_the_rate_of_the_video(tmp_path, write_video, read_video, rate):
    write_video(tmp_path / "in.mp4", tick=1 / Fraction(rate), times=range(4))
    translate_video(SAME, tmp_path / "in.mp4", tmp_path / "out.mpg")
    times, *_ = read_video(tmp_path / "out.mpg")
    length = times[-1] - times[0]
    assert length == pytest.approx(float(3 / Fraction(rate)), abs=0.002)


def test_mpeg_repeats_frames_where_times_are_uneven(tmp_path, write_video, read_video):
    write_video(tmp_path / "in.mp4", times=UNEVEN)
    translate_video(SAME, tmp_path / "in.mp4", tmp_path / "out.mpg")
    times, frames, *_ = read_video(tmp_path / "out.mpg")
    greens = [int(frame.to_ndarray(format="rgb24")[..., 1].mean()) for frame in frames]
    assert len(times) == 10
    shown = [min(range(6), key=lambda i: abs(20 * i - green)) for green in greens]
    assert shown == [0, 1, 2, 2, 2, 3, 4, 4, 4, 5]


@pytest.mark.parametrize("suffix", [".avi", ".mpg"])
def test_a_late_start_that_a_format_can_not_hold_is_said(tmp_path, write_video, read_video, suffix):
    late = {"audio": "mp2", "rate": 48_000, "times": range(10, 16), "tick": Fraction(1, 25)}
    write_video(tmp_path / "in.mkv", **late)
    with pytest.warns(UserWarning, match=r"in\.mkv begins at 0\.40 seconds; its first frame is shown from"):
        translate_video(SAME, tmp_path / "in.mkv", tmp_path / f"out{suffix}")
    times, *_ = read_video(tmp_path / f"out{suffix}")
    assert times[-1] - times[0] == pytest.approx(0.6)  # the last frame is in its place


def test_a_rate_that_mpeg_does_not_allow_is_refused(tmp_path, write_video):
    write_video(tmp_path / "in.mp4", tick=Fraction(1, 7))
    with pytest.raises(ValueError, match=r"has 7 frames a second.*; \.mpg holds 24, 25, .*; write \.mp4 or"):
        translate_video(SAME, tmp_path / "in.mp4", tmp_path / "out.mpg")
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


@pytest.mark.parametrize("start", [0, 0.5])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov", ".flv", ".ts", ".wmv"])
def test_sound_stays_in_step(tmp_path, write_video, read_video, suffix, start):
    """Formats without times below zero lose the packet before, which only prepares the decoder."""
    write_video(tmp_path / "in.mp4", audio="aac", audio_start=start)
    translate_video(SAME, tmp_path / "in.mp4", tmp_path / f"out{suffix}")
    times, _, _, sound = read_video(tmp_path / f"out{suffix}")
    assert times == [i / 10 for i in range(6)]
    before = read_video(tmp_path / "in.mp4")[3]
    packet = 1024 / 8000
    assert sound == pytest.approx(
        before if before >= 0 or suffix in (".mp4", ".mov") else before + packet, abs=0.003
    )


def test_sound_of_mpeg_stays_in_step(tmp_path, write_video, read_video):
    write_video(tmp_path / "in.mkv", tick=Fraction(1, 25), audio="mp2", rate=48_000, audio_start=0.5)
    translate_video(SAME, tmp_path / "in.mkv", tmp_path / "out.mpg")
    distances = []
    for name in ("in.mkv", "out.mpg"):
        times, _, _, sound = read_video(tmp_path / name)
        distances.append(sound - times[0])
    assert distances[1] == pytest.approx(distances[0], abs=0.03)


def test_sound_that_avi_can_not_hold_in_step_is_refused(tmp_path, write_video):
    write_video(tmp_path / "in.mp4", audio="aac", audio_start=0.5)
    with pytest.raises(
        ValueError, match=r"has audio that starts after 0\.\d+ seconds, which \.avi can't hold"
    ):
        translate_video(SAME, tmp_path / "in.mp4", tmp_path / "out.avi")
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_a_grid_is_the_coarsest_that_holds_all_times():
    def times(*milliseconds):
        return [Fraction(time, 1000) for time in milliseconds]

    tick = Fraction(1, 1000)
    assert grid_with_gaps(times(0, 33, 67, 133), [Fraction(30)], tick) == Grid(Fraction(30), Fraction(0))
    assert grid_with_gaps(times(0, 100, 250), [Fraction(8)], tick).rate == 20
    assert grid_with_gaps(times(10, 110, 210), [Fraction(10)], tick).origin == Fraction(1, 100)
    assert grid_with_gaps([Fraction(0), Fraction(1, 7001)], [Fraction(8)], Fraction(1, 10**6)).rate == 1000
    assert grid_of_mpeg(times(0, 500, 1500), [Fraction(2)], tick).rate == 2
    assert grid_of_mpeg(times(0, 143, 286), [Fraction(7)], tick) is None
