"""What a study is like, as its maker says it."""

from dataclasses import dataclass

from gan_metrics.study._study import Mode

_TASK = {
    "pairs": (
        "You will see {trials} pairs of pictures. In each pair, one picture is real, and a computer made the "
        "other one. You say which one is real."
    ),
    "single": (
        "You will see {trials} pictures. Some are real, and a computer made the others. You say "
        "which are which."
    ),
}
_STORED = (
    "Your answers and the time you take for them are stored under a random number: no name, no address, "
    "nothing about your device. A cookie, deleted within a day, lets you go on after a reload."
)
_FREE = "You may stop at any time by closing this page. By starting you agree that your answers are used."
_TITLE = {"pairs": "Which one is real?", "single": "Real or fake?"}


@dataclass(frozen=True)
class Settings:
    """The settings of a study.

    Attributes:
        mode: "pairs" of a real and a fake picture, or a "single" picture at a time.
        seconds: how long pictures are shown; 0 is without limit. None: 1 with pairs, 0 with single pictures.
        practice: number of pairs, or of single pictures, with feedback.
        counted: number of those that count.
        attention: number of attention checks among those that count.
        pictures: at most so many of each folder take part.
        longest: the longest side in pixels; larger pictures are reduced.
        seed: of all that is random, besides the names of pictures and participants.
        title: of the page; None for a question.
        consent: what participants agree to; None for a text that says what is shown and stored.
    """

    mode: Mode = "pairs"
    seconds: float | None = None
    practice: int = 10
    counted: int = 40
    attention: int = 4
    pictures: int = 500
    longest: int = 512
    seed: int = 0
    title: str | None = None
    consent: str | None = None

    @property
    def seconds_shown(self) -> float:
        """The number of seconds, chosen or by default."""
        return (1.0 if self.mode == "pairs" else 0.0) if self.seconds is None else self.seconds

    @property
    def page_title(self) -> str:
        """The title, chosen or by default."""
        return self.title or _TITLE[self.mode]

    @property
    def consent_text(self) -> str:
        """The text, chosen or by default; paragraphs are divided by empty lines."""
        trials = self.practice + self.counted + self.attention
        return self.consent or "\n\n".join([_TASK[self.mode].format(trials=trials), _STORED, _FREE])
