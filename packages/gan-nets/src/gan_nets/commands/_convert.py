"""`gan-nets convert`: an original checkpoint becomes a folder that describes itself."""

from pathlib import Path
from typing import TYPE_CHECKING

from gan_nets._families import Family
from gan_nets.layers.activation import Activation

if TYPE_CHECKING:
    from gan_nets.saving.pretrained import PretrainedModule


def convert(
    checkpoint: Path,
    out: Path,
    /,
    *,
    family: Family | None = None,
    part: str | None = None,
    scale: int | None = None,
    activation: Activation | None = None,
    overwrite: bool = False,
) -> None:
    """Make a folder of an original checkpoint.

    gan_nets.load and the other commands open the folder. The checkpoint is of
    pytorch-CycleGAN-and-pix2pix, CUT, pix2pixHD, BasicSR, ESRGAN, Real-ESRGAN,
    FastGAN or projected-gan. The family and all arguments are read from its
    keys and shapes, but for two options; nothing that the file holds is executed.

    Args:
        checkpoint: A .pth or .safetensors file.
        out: The folder to make.
        family: Whose checkpoint it is, if its keys are not to decide.
        part: Which of the file's networks to take, such as d.
        scale: Of a realesrgan-compact with other channels of output than of input.
        activation: Of a realesrgan-compact, if the file has no weights of PReLU.
        overwrite: Replace a network that exists.
    """
    from gan_nets.interop.conversion import convert_as_family
    from gan_nets.saving.folder import README

    _check_absent(out, overwrite=overwrite)
    family, net = convert_as_family(checkpoint, family, part, scale, activation)
    net.save_pretrained(out)
    if overwrite:  # an existing README describes another network
        net.generate_model_card().save(out / README)
    print(f"family:  {family}\nnetwork: {_call(net)}\nsaved:   {out}")
    if family == "pix2pix-unet" and net.describe()["norm"] == "batch":
        print(
            "note:    the original's test script, without --eval, uses batch statistics, as does "
            f"UNetGenerator.from_pretrained('{out}', batch_statistics_at_inference=True)"
        )


def _check_absent(folder: Path, *, overwrite: bool) -> None:
    from gan_nets.saving.folder import CONFIG, README, WEIGHTS

    if folder.is_file():
        raise NotADirectoryError(f"{folder} is a file; give a folder")
    existing = [name for name in (CONFIG, WEIGHTS, README) if (folder / name).exists()]
    if existing and not overwrite:
        raise FileExistsError(
            f"{folder} has {existing[0]} already; choose another folder, or replace it with --overwrite"
        )


def _call(net: "PretrainedModule") -> str:
    """The class and its arguments, as Python."""
    from gan_nets.saving.stored import NO_ARGUMENTS

    description = net.describe()
    arguments = {key: value for key, value in description.items() if key not in NO_ARGUMENTS}
    return f"{description['class']}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"
