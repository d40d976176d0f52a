"""`gan-metrics study`: its commands and their options."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter
from cyclopts.validators import Number

from gan_metrics._version import __version__
from gan_metrics.study._study import Mode
from gan_metrics.study.make import make_study
from gan_metrics.study.report import write_report
from gan_metrics.study.serve import serve_study
from gan_metrics.study.settings import Settings

AtLeast0 = Annotated[int, Parameter(validator=Number(gte=0))]
AtLeast1 = Annotated[int, Parameter(validator=Number(gte=1))]
LONGEST_NAME = 80  # of an algorithm, in characters

app = App(
    name="gan-metrics",
    help="Image-quality metrics for adversarial models: the study with people.",
    version=f"gan-metrics {__version__}",
    help_format="plaintext",
    default_parameter=Parameter(negative=()),
)
study = App(name="study", help="Ask people which pictures are real, on a local web page.")
app.command(study)


@study.command
def make(
    out: Path,
    /,
    *,
    real: Path,
    fake: Annotated[list[str], Parameter(name="--fake")],
    mode: Mode = "pairs",
    seconds: Annotated[float | None, Parameter(validator=Number(gte=0, lte=3600))] = None,
    practice: AtLeast0 = 10,
    counted: Annotated[int, Parameter(validator=Number(gte=2))] = 40,
    attention: AtLeast0 = 4,
    pictures: AtLeast1 = 500,
    longest: Annotated[int, Parameter(validator=Number(gte=16))] = 512,
    seed: int = 0,
    title: str | None = None,
    consent: str | None = None,
) -> None:
    """Make a study of folders of pictures.

    Each participant sees the fakes of one algorithm. They are shown beside real
    pictures: those of the same names, if each fake has one, and otherwise any.
    The pictures are copied as PNG without metadata, under names that say nothing.

    Args:
        out: The folder to make.
        real: Folder of real pictures, including its subfolders.
        fake: An algorithm's name and the folder of its fakes, as NAME=FOLDER; once for each.
        mode: Pairs of a real and a fake picture, or a single picture at a time, as HYPE has it.
        seconds: How long pictures are shown; 0: without limit (pairs 1, single 0).
        practice: Number of pairs or single pictures with feedback, which do not count.
        counted: Number of those that count.
        attention: Number of attention checks among those: a broken picture, beside a real one or alone.
        pictures: At most so many pictures of each folder take part.
        longest: Longest side in pixels; larger pictures are reduced.
        seed: Random seed of the choice, the pairs and the sides.
        title: Title of the page.
        consent: What participants agree to; an empty line begins a paragraph.
    """
    settings = Settings(mode, seconds, practice, counted, attention, pictures, longest, seed, title, consent)
    for sentence in make_study(out, real, _fakes(fake, real), settings):
        print(sentence, file=sys.stderr if sentence.startswith("warning:") else sys.stdout)
    print(f"the study is in {out}; serve it with: gan-metrics study serve {out}")


@study.command
def serve(
    out: Path,
    /,
    *,
    host: str = "127.0.0.1",
    port: Annotated[int, Parameter(validator=Number(gte=0, lte=65535))] = 7870,
) -> None:
    """Serve a study's page.

    Answers are added to answers.jsonl in the study's folder, each before the
    next question comes. No addresses and no data on browsers are stored.

    Args:
        out: The study's folder.
        host: The address to listen on; 0.0.0.0 lets others in.
        port: The page's port; 0: any free one.
    """
    serve_study(out, host=host, port=port, say=lambda sentence: print(sentence, flush=True))


@study.command
def report(
    *out: Annotated[Path, Parameter(name="OUT")],
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    min_attention: Annotated[float, Parameter(validator=Number(gte=0, lte=1))] = 0.75,
    width: Annotated[float, Parameter(validator=Number(gt=0, lt=1))] = 0.1,
) -> None:
    """Write the report on a study: one page, and its numbers as JSON.

    Participants who did not finish or pass the attention checks are left out.

    Args:
        out: The study's folder, and those of copies that were served elsewhere.
        output: The page (report.html in the study's folder).
        min_attention: Share of the attention checks that a participant has to pass.
        width: Width of the intervals for which the missing participants are counted.
    """
    if not out:
        raise CycloptsError("expected the folder of a study")
    page = output or out[0] / "report.html"
    for sentence in write_report(out, page, min_attention=min_attention, width=width):
        print(f"warning: {sentence}", file=sys.stderr)
    print(f"the report is in {page}, its numbers in {page.with_suffix('.json')}")


def _fakes(words: list[str], real: Path) -> dict[str, Path]:
    """The folders by the algorithms' names, of words like NAME=FOLDER."""
    folders: dict[str, Path] = {}
    for word in words:
        name, equals, folder = word.partition("=")
        if not (
            equals
            and folder
            and name.strip() == name
            and name.isprintable()
            and 0 < len(name) <= LONGEST_NAME
        ):
            raise CycloptsError(f"expected --fake NAME=FOLDER; got --fake {word}")
        if name in folders:
            raise CycloptsError(f"expected another name for each --fake; got {name} twice")
        here, there = Path(folder).resolve(), real.resolve()
        if here.is_relative_to(there) or there.is_relative_to(here):
            raise CycloptsError(f"expected a folder apart from that of --real; got --fake {word}")
        folders[name] = Path(folder)
    return folders
