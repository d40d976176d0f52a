"""Times that continue where the clock of a recording jumps."""

from fractions import Fraction
from typing import Any

JUMP = 10  # seconds forward, as in FFmpeg, and ...
BACK = Fraction(1, 10)  # ... backward that are a jump


class Clock:
    """Makes the times of a file's packets continue after a jump, for all tracks alike."""

    def __init__(self) -> None:
        self._shift = Fraction(0)
        self._last: dict[int, Fraction] = {}

    def correct(self, packet: Any) -> None:
        """Shift the times of a packet in place."""
        if packet.dts is None:
            return
        time, last = packet.dts * packet.time_base, self._last.get(packet.stream.index)
        if last is not None and not last - BACK < time + self._shift < last + JUMP:
            self._shift = last + (packet.duration or 0) * packet.time_base - time
        ticks = round(self._shift / packet.time_base)
        packet.dts += ticks
        if packet.pts is not None:
            packet.pts += ticks
        self._last[packet.stream.index] = packet.dts * packet.time_base
