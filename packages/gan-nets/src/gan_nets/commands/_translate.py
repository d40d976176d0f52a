"""`gan-nets translate`: pictures and videos in files through a network."""

import sys
import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import CycloptsError, Parameter
from cyclopts.validators import Number

from gan_nets.commands._network import load_network
from gan_nets.commands._text import printable
from gan_nets.pictures.errors import reason, requires
from gan_nets.pictures.find import VIDEOS, Failure, Job, find_jobs
from gan_nets.pictures.size import WorkingSize
from gan_nets.saving.target import check_target
from gan_nets.tiling.precision import Precision
from gan_nets.tiling.scope import StatisticsScope

if TYPE_CHECKING:
    from gan_nets.pictures.translate import Translator


def _pixels(kind: object, size: WorkingSize) -> None:
    if isinstance(size, int):
        Number(gte=1)(kind, size)


def _factor(kind: object, saturation: float | None) -> None:
    if saturation is not None:
        Number(gte=0)(kind, saturation)


def translate(
    checkpoint: str,
    /,
    *inputs: Annotated[str, Parameter(name="IN", required=True)],
    out: Annotated[Path, Parameter(alias="-o")],
    net: str | None = None,
    overwrite: bool = False,
    rgb: bool = False,
    device: str | None = None,
    tile: Annotated[int | None, Parameter(validator=Number(gte=1))] = None,
    statistics: StatisticsScope = "picture",
    precision: Precision = "auto",
    size: Annotated[WorkingSize, Parameter(validator=_pixels)] = "trained",
    ensemble: Annotated[bool | None, Parameter(negative="--no-ensemble")] = None,
    saturation: Annotated[float | None, Parameter(validator=_factor)] = None,
    revision: str | None = None,
    subfolder: str | None = None,
) -> None:
    """Run a network on pictures and videos.

    Translate, colorize or enlarge pictures and videos of any size, whatever the
    network is for. Mode, 16 bits, alpha, orientation, color profile and EXIF
    are kept. The exit code is 1 if any of the inputs could not be translated.

    Args:
        checkpoint: The folder of a network or a run, or user/name on the Hugging Face Hub.
        inputs: Files, folders (searched recursively) and globs.
        out: A file for one file, else a folder.
        net: Which network of a run's folder.
        overwrite: Replace results that exist.
        rgb: Write RGB whatever mode a picture has.
        device: cpu, cuda:1, ... (an accelerator if there is one).
        tile: Side of the tiles in pixels (the largest that fit into the free memory).
        statistics: Where a network with instance norm gets its statistics from if there are tiles: the whole
            picture, or each tile, which differs.
        precision: bf16 and, on a GPU, fp16 are faster on some devices, and less exact (auto is fp32).
        size: Shorter side in pixels at which a colorizer finds colors, which are joined with the picture's
            own lightness: the side that it was trained at, or the picture's own, or a number.
        ensemble: Give the mean of several views, which takes six to eight times as long: for a colorizer of
            three sizes, mirrored; else flipped and turned (what the network's folder says).
        saturation: Factor of the color that a colorizer finds: 0.7 is duller and safer, 1.3 more vivid (what
            the network's folder says).
        revision: Branch, tag or commit of a repository on the Hub.
        subfolder: Folder of the network inside of CHECKPOINT.
    """
    with requires("pictures"):  # before the network is loaded
        import_module("gan_data")
        import_module("tqdm")
    with _notes():
        try:
            jobs, failures = find_jobs(inputs, out)
        except ValueError as error:
            raise CycloptsError(str(error)) from None
    network = load_network(checkpoint, net, device, precision, revision=revision, subfolder=subfolder)
    from gan_nets.pictures.translate import Translator

    translator = Translator(
        network,
        tile=tile,
        statistics=statistics,
        precision=precision,
        rgb=rgb,
        size=size,
        ensemble=ensemble,
        saturation=saturation,
    )
    failed = _translate_all(translator, jobs, overwrite=overwrite)
    print(printable(f"translated {len(jobs) - len(failed)} of {len(jobs)} into {out}"))
    for failure in (*failed, *failures):
        print(printable(f"error: {failure.source}: {failure.reason}"), file=sys.stderr)
    if failed or failures:
        raise SystemExit(1)


def _translate_all(translator: "Translator", jobs: Sequence[Job], *, overwrite: bool) -> list[Failure]:
    """Translate one file after the other; a failure does not stop the others."""
    from tqdm import tqdm

    failures: list[Failure] = []
    noted: set[str] = set()
    for job in (bar := tqdm(jobs, unit="file", disable=None)):
        bar.set_postfix_str(printable(job.source.name))
        with _notes(noted):
            try:
                _translate_one(translator, job, overwrite=overwrite)
            except Exception as error:  # decoders raise all kinds on broken files
                name = str(job.source)
                failures.append(Failure(name, reason(error, name, printable(name))))
    return failures


@contextmanager
def _notes(noted: set[str] | None = None) -> Generator[None]:
    """Print the warnings inside the block as notes, but not those that were."""
    from tqdm import tqdm

    noted = set() if noted is None else noted
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        try:
            yield
        finally:
            for note in dict.fromkeys(str(warning.message) for warning in caught):
                if note not in noted:
                    noted.add(note)
                    tqdm.write(printable(f"note: {note}"), file=sys.stderr)


def _translate_one(translator: "Translator", job: Job, *, overwrite: bool) -> None:
    check_target(job.target, overwrite=overwrite)
    if job.source.suffix.lower() in VIDEOS:
        with requires("video"):
            from gan_nets.pictures.video import translate_video
        translate_video(translator, job.source, job.target)
    else:
        translator.file(job.source, job.target)
