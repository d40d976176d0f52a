"""What CycleGAN's two generators make of a test image."""

from functools import partial

from gan_nets import ResnetGenerator
from gan_trainers import EMA
from torch import Tensor

from support.translation import States


def cycles(ema_ab: EMA[ResnetGenerator], ema_ba: EMA[ResnetGenerator]) -> tuple[States, States]:
    """What a batch of A becomes, and one of B: translated, reconstructed, and through the inverse alone."""
    return partial(_cycle, ema_ab, ema_ba), partial(_cycle, ema_ba, ema_ab)


def _cycle(translate: EMA[ResnetGenerator], invert: EMA[ResnetGenerator], real: Tensor) -> dict[str, Tensor]:
    translated = translate(real)
    return {"translated": translated, "reconstructed": invert(translated), "identity": invert(real)}
