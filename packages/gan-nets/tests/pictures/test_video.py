"""Videos, made by PyAV for the test."""

import re
from fractions import Fraction

import av
import numpy as np
import pytest
import torch
from gan_nets import SRResNet
from gan_nets.commands import main
from gan_nets.pictures.translate import Translator
from gan_nets.pictures.video import translate_video
from PIL import Image
from torch import nn

TENTH = Fraction(1, 10)
TIMES = (0, 1, 2, 5, 6, 9)  # tenths of a second: not evenly spaced


class Identity(nn.Module):
    def forward(self, x):
        return x


class Twice(nn.Module):
    def forward(self, x):
        return x.repeat_interleave(2, -1).repeat_interleave(2, -2)


def gradient(size, i):
    """Red increases to the right, green downwards, blue in time."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    return np.stack(
        [columns * 255 // size[1], rows * 255 // size[0], np.full_like(rows, 40 * i)], axis=-1
    ).astype(np.uint8)


def write_video(path, size=(32, 48), codec="libx264", audio=True):
    with av.open(str(path), "w") as file:
        video = file.add_stream(codec, rate=10, options={"crf": "5"})
        video.height, video.width = size
        video.pix_fmt = "yuv444p" if size[0] % 2 else "yuv420p"
        video.codec_context.time_base = TENTH
        track = file.add_stream("aac", rate=8000) if audio else None
        for i, time in enumerate(TIMES):
            frame = av.VideoFrame.from_ndarray(gradient(size, i), "rgb24")
            frame.pts, frame.time_base = time, TENTH
            file.mux(video.encode(frame))
        file.mux(video.encode(None))
        if track is not None:
            noise = np.random.default_rng(0).random((1, 8000), np.float32) - 0.5
            frame = av.AudioFrame.from_ndarray(noise, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 8000, 0
            file.mux(track.encode(frame))
            file.mux(track.encode(None))


def frames(path):
    with av.open(str(path)) as file:
        return [
            (frame.pts * frame.time_base, frame.to_ndarray(format="rgb24")) for frame in file.decode(video=0)
        ]


def audio_packets(path):
    with av.open(str(path)) as file:
        return [bytes(packet) for packet in file.demux(audio=0) if packet.dts is not None]


def turn(path, matrix):
    """Write a display matrix into the header of an MP4's video track, as phones do."""
    data = path.read_bytes()
    plain = np.array([1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30], ">i4").tobytes()
    track = next(re.finditer(b"tkhd", data)).start()
    place = data.index(plain, track)
    path.write_bytes(data[:place] + np.array(matrix, ">i4").tobytes() + data[place + 36 :])


def test_frames_times_and_audio_are_kept(tmp_path):
    write_video(tmp_path / "in.mp4")
    translate_video(Translator(Identity()), tmp_path / "in.mp4", tmp_path / "out.mp4")
    before, after = frames(tmp_path / "in.mp4"), frames(tmp_path / "out.mp4")
    assert [time for time, _ in after] == [time for time, _ in before] == [t * TENTH for t in TIMES]
    assert audio_packets(tmp_path / "out.mp4") == audio_packets(tmp_path / "in.mp4") != []
    for (_, old), (_, new) in zip(before, after, strict=True):
        assert np.abs(new.astype(int) - old).mean() < 4


@pytest.mark.parametrize("suffix", [".mkv", ".webm", ".mov"])
def test_other_formats(tmp_path, suffix):
    write_video(tmp_path / "in.mp4", audio=suffix != ".webm")
    translate_video(Translator(Twice()), tmp_path / "in.mp4", tmp_path / f"out{suffix}")
    after = frames(tmp_path / f"out{suffix}")
    assert len(after) == len(TIMES)
    assert np.abs(after[2][1][::2, ::2].astype(int) - gradient((32, 48), 2)).mean() < 6


def test_odd_sizes_are_extended_by_a_pixel(tmp_path):
    write_video(tmp_path / "in.mp4", size=(33, 47), audio=False)
    translate_video(Translator(Identity()), tmp_path / "in.mp4", tmp_path / "out.mp4")
    last = frames(tmp_path / "out.mp4")[-1][1]
    assert last.shape == (34, 48, 3)
    assert np.abs(last[:33, :47].astype(int) - gradient((33, 47), 5)).mean() < 4


@pytest.mark.parametrize(
    ("a", "b", "c", "d", "upright"),
    [
        (0, 1, -1, 0, lambda x: np.rot90(x, -1)),
        (0, -1, 1, 0, np.rot90),
        (-1, 0, 0, -1, lambda x: x[::-1, ::-1]),
        (-1, 0, 0, 1, lambda x: x[:, ::-1]),
        (1, 0, 0, -1, lambda x: x[::-1]),
        (0, 1, 1, 0, lambda x: x.swapaxes(0, 1)),
    ],
    ids=["clockwise", "anticlockwise", "upside down", "mirrored", "flipped", "transposed"],
)
def test_the_display_matrix_is_applied(tmp_path, a, b, c, d, upright):
    write_video(tmp_path / "in.mp4", audio=False)
    turn(tmp_path / "in.mp4", [a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30])
    translate_video(Translator(Identity()), tmp_path / "in.mp4", tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as file:
        first = next(file.decode(video=0))
    assert first.rotation == 0
    shown = first.to_ndarray(format="rgb24")
    assert np.abs(shown.astype(int) - upright(gradient((32, 48), 0))).mean() < 4


def test_audio_that_a_format_can_not_hold_is_an_error_and_leaves_no_file(tmp_path):
    write_video(tmp_path / "in.mp4")
    with pytest.raises(
        ValueError, match=r"\.webm can't hold its audio \(aac\); keep the suffix, or write \.mkv"
    ):
        translate_video(Translator(Identity()), tmp_path / "in.mp4", tmp_path / "out.webm")
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_the_command_recognizes_a_video_by_its_suffix(tmp_path, capsys):
    torch.manual_seed(0)
    SRResNet(scale=2, blocks=1, width=2).save_pretrained(tmp_path / "net")
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    write_video(pictures / "in.mp4", size=(8, 12))
    Image.new("RGB", (4, 4)).save(pictures / "in.png")
    (pictures / "broken.mp4").write_bytes(b"no video")
    with pytest.raises(SystemExit):
        main(["translate", str(tmp_path / "net"), str(pictures), "-o", str(tmp_path / "out")])
    printed = capsys.readouterr()
    assert "translated 2 of 3" in printed.out
    assert re.search(r"error: .*broken\.mp4: .{10,}", printed.err)
    assert frames(tmp_path / "out" / "in.mp4")[0][1].shape == (16, 24, 3)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["in.mp4", "in.png"]


def test_a_list_of_files_is_no_video(tmp_path):
    write_video(tmp_path / "other.mp4", audio=False)
    (tmp_path / "in.mkv").write_text("ffconcat version 1.0\nfile other.mp4\n")
    with pytest.raises(ValueError, match=r"in\.mkv: is a list of other files, which is not read; give the"):
        translate_video(Translator(Identity()), tmp_path / "in.mkv", tmp_path / "out.mkv")
