"""Video formats by their suffixes: the encoder of each, and what it can hold."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from av.codec import Codec

# The rates of MPEG-2, which its extension multiplies by up to 4 and divides by up to 32.
MPEG_RATES = (
    *(Fraction(rate) for rate in (24, 25, 30, 50, 60)),
    *(Fraction(rate * 1000, 1001) for rate in (24, 30, 60)),
)
MPEG_ASPECTS = (Fraction(4, 3), Fraction(16, 9), Fraction(221, 100))  # of the whole picture
SOUND_OF_MPEG = frozenset({"ac3", "dca", "mp1", "mp1float", "mp2", "mp2float", "mp3", "mp3float"})
SOUND_OF_FLV = frozenset({"aac", "mp3", "mp3float"})
SOUND_OF_TS = SOUND_OF_MPEG | {"aac", "aac_latm", "eac3", "opus", "truehd"}


@dataclass(frozen=True)
class Encoder:
    """An encoder with its pixel formats and options.

    Attributes:
        codec: FFmpeg's name.
        pixels: the pixel format.
        ten_bit: the pixel format for more than 8 bits, if there is one.
        options: the quality: visually lossless.
        aspect: whether pixels that are not square can be said to be so: never, always, or some ratios.
    """

    codec: str
    pixels: str
    ten_bit: str | None = None
    options: dict[str, str] = field(default_factory=dict[str, str])
    aspect: Literal["square", "any", "mpeg"] = "any"

    @property
    def rgb(self) -> bool:
        """Whether it stores RGB rather than luma and chroma."""
        return self.pixels == "bgra"

    def pixels_for(self, bits: int) -> str:
        """The pixel format for a video of so many bits a channel, as far as this build of FFmpeg has it."""
        known = {each.name for each in Codec(self.codec, "w").video_formats or ()}
        return self.ten_bit if bits > 8 and self.ten_bit in known else self.pixels

    def holds_aspect(self, aspect: Fraction, size: tuple[int, int]) -> bool:
        """Whether it keeps the aspect ratio of pixels, in a picture of (height, width)."""
        whole = aspect * size[1] / size[0]
        some = self.aspect == "mpeg" and any(abs(whole / known - 1) < 0.002 for known in MPEG_ASPECTS)
        return aspect == 1 or self.aspect == "any" or some


H264 = Encoder("libx264", "yuv420p", "yuv420p10le", {"crf": "18"})
# Without frames that are stored out of order, for formats whose times would all be later.
H264_IN_ORDER = Encoder("libx264", "yuv420p", "yuv420p10le", {"crf": "18", "bf": "0"})
VP9 = Encoder("libvpx-vp9", "yuv420p", "yuv420p10le", {"crf": "24", "b": "0"}, "square")
# Its frames for reference alone have no alpha.
VP9_ALPHA = Encoder("libvpx-vp9", "yuva420p", None, VP9.options | {"auto-alt-ref": "0"}, "square")
FIXED_QUALITY = {"qmin": "2", "qmax": "2"}
MPEG2 = Encoder("mpeg2video", "yuv420p", None, FIXED_QUALITY, "mpeg")
MPEG4 = Encoder("mpeg4", "yuv420p", None, FIXED_QUALITY)
WMV2 = Encoder("wmv2", "yuv420p", None, FIXED_QUALITY)
PRORES = Encoder("prores_ks", "yuva444p10le", "yuva444p10le", {"profile": "4444"})
FFV1 = Encoder("ffv1", "bgra", "gbrap16le", {}, "square")


@dataclass(frozen=True)
class VideoFormat:
    """What files with a suffix hold.

    Attributes:
        encoder: for videos without alpha.
        alpha: the encoder for videos with alpha, if the format holds them.
        times: any; those of a constant rate, with "gaps" between frames; or those of a constant "rate".
        before_zero: whether sound may begin before time zero, as that of AAC does: of a file of any format,
            of the "same", or "never".
        sound: FFmpeg's names of the codecs that it holds; None means that FFmpeg knows.
        clocked: whether its time zero has no meaning.
        chapters: whether it holds chapters.
        muxer: FFmpeg's name of the format, where it differs from the suffix.
    """

    encoder: Encoder
    alpha: Encoder | None = None
    times: Literal["any", "gaps", "rate"] = "any"
    before_zero: Literal["any", "same", "never"] = "never"
    sound: frozenset[str] | None = None
    clocked: bool = False
    chapters: bool = False
    muxer: str | None = None


TS = VideoFormat(H264_IN_ORDER, sound=SOUND_OF_TS, clocked=True)
MPEG = VideoFormat(MPEG2, times="rate", sound=SOUND_OF_MPEG)
MP4 = VideoFormat(H264, before_zero="any", chapters=True)
FORMATS = {
    ".3gp": MP4,
    ".avi": VideoFormat(MPEG4, alpha=FFV1, times="gaps"),
    ".flv": VideoFormat(H264_IN_ORDER, sound=SOUND_OF_FLV),
    ".m2ts": TS,
    ".m4v": MP4,
    ".mkv": VideoFormat(H264, alpha=FFV1, before_zero="same", chapters=True),
    ".mov": VideoFormat(H264, alpha=PRORES, before_zero="any", chapters=True),
    ".mp4": MP4,
    ".mpeg": MPEG,
    ".mpg": MPEG,
    ".mts": TS,
    ".ts": TS,
    ".vob": VideoFormat(MPEG2, times="rate", sound=SOUND_OF_MPEG, muxer="vob"),
    ".webm": VideoFormat(VP9, alpha=VP9_ALPHA, before_zero="same", chapters=True),
    ".wmv": VideoFormat(WMV2, chapters=True),
}


def mpeg_has(rate: Fraction) -> bool:
    """Whether MPEG-2 allows so many frames a second."""
    ratios = [rate / known for known in MPEG_RATES]
    return any(ratio.numerator <= 4 and ratio.denominator <= 32 for ratio in ratios)
