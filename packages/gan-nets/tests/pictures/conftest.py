"""Small videos, written by PyAV."""

import random
from fractions import Fraction

import av
import numpy as np
import pytest

TENTH = Fraction(1, 10)


def picture(i, size):
    """Red increases to the right; green in time."""
    height, width = size
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = np.linspace(0, 255, width)
    pixels[..., 1] = 20 * i % 256
    return pixels


def write_frames(file, stream, times, size, tick):
    for i, time in enumerate(times):
        frame = av.VideoFrame.from_ndarray(picture(i, size), "rgb24")
        frame.pts, frame.time_base = time, tick
        file.mux(stream.encode(frame))
    file.mux(stream.encode(None))


def write_tone(file, stream, start):
    context = stream.codec_context
    rate = context.sample_rate
    kind = np.int16 if context.format.name.startswith("s16") else np.float32
    for i in range(20):
        wave = np.sin(np.arange(1024) / 10) * (8000 if kind is np.int16 else 0.25)
        frame = av.AudioFrame.from_ndarray(wave.astype(kind)[None], context.format.name, "mono")
        frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
        frame.pts = round(start * rate) + 1024 * i
        file.mux(stream.encode(frame))
    file.mux(stream.encode(None))


@pytest.fixture
def write_video():
    """Write a video: 64x48, a frame at each of the times in ticks, and sound from a time in seconds on."""

    def write(
        path, *, codec="libx264", times=range(6), tick=TENTH, size=(48, 64), pixels="yuv420p", aspect=1,
        audio=None, audio_start=0, rate=8000, options=None,
    ):  # fmt: skip
        with av.open(str(path), "w") as file:
            video = file.add_stream(codec, rate=1 / tick, options=options or {})
            video.height, video.width = size
            video.pix_fmt = pixels
            video.codec_context.time_base = tick
            video.codec_context.sample_aspect_ratio = Fraction(aspect)
            sound = file.add_stream(audio, rate=rate, layout="mono") if audio else None
            write_frames(file, video, times, size, tick)
            if sound is not None:
                write_tone(file, sound, audio_start)

    return write


@pytest.fixture
def read_video():
    """Times of the frames in seconds, the frames, their pixel aspect, and the first time of the sound."""

    def read(path):
        with av.open(str(path)) as file:
            frames = list(file.decode(video=0))
            aspect = file.streams.video[0].sample_aspect_ratio or Fraction(1)
        sound = None
        with av.open(str(path)) as file:
            if file.streams.audio:
                sound = next(float(p.pts * p.time_base) for p in file.demux(audio=0) if p.pts is not None)
        return [round(float(frame.time), 3) for frame in frames], frames, aspect, sound

    return read


@pytest.fixture
def damage():
    """Replace the content of one packet of a video by noise, or by zeros from a byte on."""

    def damage(path, index, zeros_from=None):
        with av.open(str(path)) as file:
            places = [(packet.pos, packet.size) for packet in file.demux(video=0) if packet.size]
        data, (start, size) = bytearray(path.read_bytes()), places[index]
        if zeros_from is None:
            data[start : start + size] = random.Random(0).randbytes(size)
        else:
            data[start + zeros_from : start + size] = bytes(size - zeros_from)
        path.write_bytes(data)

    return damage
