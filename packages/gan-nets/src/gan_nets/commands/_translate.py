"""`gan-nets translate`: pictures and videos in files through a network."""

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import gan_nets
from gan_nets.commands._device import device_of
from gan_nets.pictures.errors import reason
from gan_nets.pictures.find import VIDEOS, Failure, Job, jobs_of
from gan_nets.pictures.translate import Translator, check_absent, needing
from gan_nets.tiling.scope import StatisticsScope as Statistics


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    command = commands.add_parser(
        "translate",
        help="run a network on pictures and videos",
        description="Run a network on pictures and videos of any size: translate, colour or enlarge them, "
        "whatever it is for. Mode, 16 bits, alpha, orientation, colour profile and EXIF are kept. The exit "
        "code is 1 if anything that was named could not be translated.",
    )
    command.add_argument("checkpoint", metavar="CHECKPOINT", type=Path, help="what gan_nets.load opens")
    command.add_argument("inputs", metavar="IN", nargs="+", help="files, folders (in depth), globs")
    command.add_argument(
        "-o", "--out", metavar="OUT", type=Path, required=True, help="a file for one file, else a folder"
    )
    command.add_argument("--net", metavar="NAME", help="which network, of the folder of a run")
    command.add_argument("--overwrite", action="store_true", help="replace results that are there already")
    command.add_argument("--rgb", action="store_true", help="write RGB whatever mode a picture has")
    command.add_argument("--device", metavar="NAME", help="cpu, cuda:1, ... (an accelerator if there is one)")
    command.add_argument(
        "--tile", metavar="PIXELS", type=int, help="side of the tiles (what fits into the free memory)"
    )
    command.add_argument(
        "--statistics",
        choices=get_args(Statistics),
        default="picture",
        help="where a network with instance norm takes its statistics from if there are tiles: the whole "
        "picture, which takes longer, or each tile by itself (picture)",
    )
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    with needing("pictures"):
        import PIL  # noqa: F401 - better known before the network is loaded
        import tqdm  # noqa: F401
    jobs, failures = jobs_of(options.inputs, options.out)
    net = gan_nets.load(options.checkpoint, net=options.net).to(device_of(options.device))
    translator = Translator(net, tile=options.tile, statistics=options.statistics, rgb=options.rgb)
    failures = _translate_all(translator, jobs, overwrite=options.overwrite) + failures
    done = len(jobs) - sum(1 for failure in failures if failure.source in {str(job.source) for job in jobs})
    print(f"translated {done} of {len(jobs)} into {options.out}")
    for failure in failures:
        print(f"error: {failure.source}: {failure.reason}", file=sys.stderr)
    if failures:
        raise SystemExit(1)


def _translate_all(translator: Translator, jobs: Sequence[Job], *, overwrite: bool) -> list[Failure]:
    """Do them one after the other; what fails does not hold up the others."""
    from tqdm import tqdm

    failures, told = [], set()
    for job in (bar := tqdm(jobs, unit="file", disable=None)):
        bar.set_postfix_str(job.source.name)
        with warnings.catch_warnings(record=True) as noted:
            warnings.simplefilter("always", UserWarning)
            try:
                check_absent(job.target, overwrite=overwrite)
                _translate_one(translator, job)
            except Exception as error:  # on broken files decoders raise whatever they stumble over
                failures.append(Failure(str(job.source), reason(error)))
        for note in {str(warning.message) for warning in noted} - told:
            told.add(note)
            tqdm.write(f"note: {note}", file=sys.stderr)
    return failures


def _translate_one(translator: Translator, job: Job) -> None:
    if job.source.suffix.lower() in VIDEOS:
        with needing("video"):
            from gan_nets.pictures.video import translate_video
        translate_video(translator, job.source, job.target)
    else:
        translator.file(job.source, job.target)
