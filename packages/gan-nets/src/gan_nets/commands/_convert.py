"""`gan-nets convert`: an original checkpoint becomes a folder that describes itself."""

import argparse
from pathlib import Path
from typing import get_args

from gan_nets.interop import Family, convert, detect, read_checkpoint
from gan_nets.saving.folder import CONFIG, NO_ARGUMENTS, README, WEIGHTS
from gan_nets.saving.pretrained import PretrainedModule


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    command = commands.add_parser(
        "convert",
        help="make a folder of an original checkpoint",
        description="Make a folder, which gan_nets.load and the other commands open, of a checkpoint of "
        "pytorch-CycleGAN-and-pix2pix, CUT, pix2pixHD, BasicSR, FastGAN or projected-gan. The family and all "
        "arguments are read off its keys; nothing that the file holds is executed.",
    )
    command.add_argument("checkpoint", metavar="CHECKPOINT", type=Path, help="a .pth or .safetensors file")
    command.add_argument("out", metavar="OUT", type=Path, help="the folder to make")
    command.add_argument(
        "--family", choices=get_args(Family), metavar="NAME", help=f"one of {', '.join(get_args(Family))}"
    )
    command.add_argument("--part", metavar="NAME", help="which of the file's networks to take, such as d")
    command.add_argument("--overwrite", action="store_true", help="replace a network that is there already")
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    _check_free(options.out, overwrite=options.overwrite)
    state = read_checkpoint(options.checkpoint, part=options.part)
    family = options.family or detect(state)
    net = convert(state, family=family)
    net.save_pretrained(options.out)
    if options.overwrite:  # the README that was there is of another network
        net.generate_model_card().save(options.out / README)
    print(f"family:  {family}\nnetwork: {_call(net)}\nsaved:   {options.out}")
    if family == "pix2pix-unet" and net.describe()["norm"] == "batch":
        print(
            "note:    the original's test, unless told --eval, takes the statistics of the picture at hand, "
            f"as does UNetGenerator.from_pretrained('{options.out}', batch_statistics_at_inference=True)"
        )


def _check_free(folder: Path, *, overwrite: bool) -> None:
    there = [name for name in (CONFIG, WEIGHTS, README) if (folder / name).exists()]
    if there and not overwrite:
        raise ValueError(
            f"{folder} holds {there[0]} already; choose another folder, or replace it with --overwrite"
        )


def _call(net: PretrainedModule) -> str:
    """The class and its arguments, as one would write them."""
    described = net.describe()
    arguments = {key: value for key, value in described.items() if key not in NO_ARGUMENTS}
    return f"{described['class']}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"
