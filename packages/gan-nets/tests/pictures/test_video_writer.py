"""What videos hold besides colors: pixel aspect, alpha, bits."""

from fractions import Fraction

import av
import numpy as np
import pytest
from gan_nets.pictures.translate import Translator
from gan_nets.pictures.video import translate_video
from torch import nn

SAME = Translator(nn.Identity())


class Gray(nn.Module):
    in_channels = 1

    def forward(self, x):
        return x


class Counted(nn.Module):
    calls = 0

    def forward(self, x):
        self.calls += 1
        return x


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov", ".avi", ".flv", ".ts", ".wmv", ".mpg"])
def test_pixel_aspect_is_kept(tmp_path, write_video, read_video, suffix):
    write_video(tmp_path / "in.mp4", aspect="4/3", tick=Fraction(1, 25))
    translate_video(SAME, tmp_path / "in.mp4", tmp_path / f"out{suffix}")
    assert read_video(tmp_path / f"out{suffix}")[2] == Fraction(4, 3)


@pytest.mark.parametrize(("suffix", "aspect"), [(".webm", "4/3"), (".mpg", "3/2")])
def test_pixel_aspect_that_can_not_be_kept_is_refused_before_the_network_runs(
    tmp_path, write_video, suffix, aspect
):
    net = Counted()
    write_video(tmp_path / "in.mp4", aspect=aspect, tick=Fraction(1, 25))
    with pytest.raises(ValueError, match=rf"has pixels of .:., which \{suffix} can't hold; write \.mp4 or"):
        translate_video(Translator(net), tmp_path / "in.mp4", tmp_path / f"out{suffix}")
    assert net.calls == 0
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def write_alpha(path, codec="qtrle", pixels="argb", **options):
    """Half transparent around an opaque square."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=10, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
        for i in range(3):
            rgba = np.full((48, 64, 4), 128, np.uint8)
            rgba[..., 0] = 200
            rgba[16:32, 16:48, 3] = 255
            frame = av.VideoFrame.from_ndarray(rgba, "rgba").reformat(format=pixels)
            frame.pts, frame.time_base = i, Fraction(1, 10)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def read_alpha(path):
    """The frames in RGBA. FFmpeg's own decoder of VP9 has no alpha."""
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        vp9 = stream.codec_context.name == "vp9"
        decoder = av.CodecContext.create("libvpx-vp9", "r") if vp9 else stream.codec_context
        packets = [packet for packet in file.demux(stream) if packet.size]
        frames = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
    return [frame.to_ndarray(format="rgba") for frame in frames]


@pytest.mark.parametrize("suffix", [".mov", ".mkv", ".avi", ".webm"])
def test_alpha_is_kept_and_said(tmp_path, suffix):
    write_alpha(tmp_path / "in.mov")
    with pytest.warns(UserWarning, match=r"in\.mov has alpha; the result keeps it"):
        translate_video(SAME, tmp_path / "in.mov", tmp_path / f"out{suffix}")
    frames = read_alpha(tmp_path / f"out{suffix}")
    assert len(frames) == 3
    assert abs(int(frames[1][4, 4, 3]) - 128) < 4
    assert frames[1][24, 32, 3] > 250
    assert abs(int(frames[1][24, 32, 0]) - 200) < 6


@pytest.mark.filterwarnings("ignore:.*has alpha")
def test_alpha_of_webm_is_read_and_a_gray_result_keeps_it(tmp_path):
    write_alpha(tmp_path / "in.webm", "libvpx-vp9", "yuva420p", **{"auto-alt-ref": "0"})
    translate_video(Translator(Gray()), tmp_path / "in.webm", tmp_path / "out.mkv")
    assert abs(int(read_alpha(tmp_path / "out.mkv")[1][4, 4, 3]) - 128) < 4


@pytest.mark.parametrize("suffix", [".mp4", ".ts", ".wmv"])
def test_alpha_that_can_not_be_kept_is_refused_before_the_network_runs(tmp_path, suffix):
    net = Counted()
    write_alpha(tmp_path / "in.mov")
    with pytest.raises(ValueError, match=rf"has alpha, which \{suffix} can't hold; write \.mov, \.mkv or"):
        translate_video(Translator(net), tmp_path / "in.mov", tmp_path / f"out{suffix}")
    assert net.calls == 0
    assert [path.name for path in tmp_path.iterdir()] == ["in.mov"]


def test_ten_bits_are_kept(tmp_path, write_video, read_video):
    write_video(tmp_path / "in.mkv", pixels="yuv420p10le")
    translate_video(SAME, tmp_path / "in.mkv", tmp_path / "out.mp4")
    before, after = (read_video(tmp_path / name)[1][2] for name in ("in.mkv", "out.mp4"))
    assert after.format.name == "yuv420p10le"
    old, new = (frame.to_ndarray(format="gray16le").astype(int) for frame in (before, after))
    assert np.abs(new - old).mean() / 256 < 2
    assert (new // 64 % 4).any()  # the two lowest bits are used


def test_bits_that_are_not_kept_are_said(tmp_path, write_video, read_video):
    write_video(tmp_path / "in.mkv", pixels="yuv420p10le")
    with pytest.warns(UserWarning, match=r"in\.mkv has 10 bits a channel; the result has 8, as \.wmv"):
        translate_video(SAME, tmp_path / "in.mkv", tmp_path / "out.wmv")
    assert read_video(tmp_path / "out.wmv")[1][0].format.name == "yuv420p"


def test_a_full_disk_is_told_of_the_output(tmp_path, write_video, full_disk):
    write_video(tmp_path / "in.mp4", times=range(60), size=(96, 128))
    with full_disk(2000), pytest.raises(OSError, match=r"out\.mkv can't be written \(file too large\); free"):
        translate_video(SAME, tmp_path / "in.mp4", tmp_path / "out.mkv")
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_another_suffix_than_a_video_s_is_refused(tmp_path, write_video):
    write_video(tmp_path / "in.mp4")
    with pytest.raises(ValueError, match=r"out\.png: expected a suffix of a video format for a video"):
        translate_video(SAME, tmp_path / "in.mp4", tmp_path / "out.png")
