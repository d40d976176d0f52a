"""Grids of images that show the progress of a run, and animations of them."""

from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo
from torch import Tensor
from torch.nn import functional as F

from gan_trainers.base.atomic import atomic_write

_SMALLEST_SIDE = 96  # pixels; smaller images are enlarged to be seen
_GAP = 2  # pixels between images
_HEADER = 16  # height of the line of titles in pixels


def write_grid(file: Path, *columns: Tensor, rows: int = 8, titles: Sequence[str] = ()) -> None:
    """Write a PNG with one row for each sample and one column for each of `columns`.

    Their numbers are stored in the file's text chunks "rows" and "columns", and the height of the titles in
    "header".

    Args:
        file: the PNG; its folder is created.
        *columns: each (N, 1 or 3, H, W) in [-1, 1], all with the same N; values outside are clipped.
            Sizes may differ: all are enlarged to the largest.
        rows: largest number of samples shown.
        titles: one for each column, written above it, as far as it is wide; none if empty.

    Raises:
        ValueError: if there is nothing to show, the columns do not fit together, or there is not one title
            for each.

    Examples:
        >>> from pathlib import Path
        >>> gray, color = torch.zeros(2, 1, 8, 8), torch.zeros(2, 3, 8, 8)
        >>> write_grid(Path("previews/1.png"), gray, color, titles=["gray", "true"])  # 2 rows, 2 columns
        >>> Path("previews/1.png").is_file()
        True
    """
    if not columns or any(c.ndim != 4 or c.shape[1] not in (1, 3) for c in columns):
        shapes = ", ".join(str(tuple(column.shape)) for column in columns)
        raise ValueError(f"a grid expects columns of (N, 1 or 3, H, W); got {shapes or 'none'}")
    if len({len(column) for column in columns}) > 1 or not len(columns[0]):
        raise ValueError(f"expected columns with the same N > 0; got {[len(column) for column in columns]}")
    if titles and len(titles) != len(columns):
        raise ValueError(f"expected a title for each of {len(columns)} columns; got {', '.join(titles)}")
    height = max(column.shape[2] for column in columns)
    width = max(column.shape[3] for column in columns)
    scale = max(1, -(-_SMALLEST_SIDE // min(height, width)))
    cells = [
        _cells(column[:rows].detach().float().cpu(), height * scale, width * scale) for column in columns
    ]
    # (rows, columns, 3, H, W), each image with its gap, arranged as one image
    table = F.pad(torch.stack(cells, dim=1), (0, _GAP, 0, _GAP), value=1.0)
    pixels = table.permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1)[:-_GAP, :-_GAP]
    file.parent.mkdir(parents=True, exist_ok=True)
    counts = PngInfo()
    counts.add_text("rows", str(table.shape[0]))
    counts.add_text("columns", str(table.shape[1]))
    image = Image.fromarray(((pixels + 1) * 127.5).round().to(torch.uint8).numpy())
    if titles:
        counts.add_text("header", str(_HEADER))
        image = _with_titles(image, titles, table.shape[-1])
    with atomic_write(file) as temporary:
        image.save(temporary, "PNG", pnginfo=counts)


def read_grid(file: Path) -> Tensor | None:
    """The images of a grid, (columns, rows, 3, H, W) in [0, 1]; None if the file lacks their numbers."""
    with Image.open(file) as grid:
        rows, columns, header = (_count(grid.info.get(each)) for each in ("rows", "columns", "header"))
        images = grid.convert("RGB").crop((0, header, grid.width, grid.height))
    pixels = torch.frombuffer(bytearray(images.tobytes()), dtype=torch.uint8)
    height, width = images.height + _GAP, images.width + _GAP
    if not rows or not columns or height % rows or width % columns:
        return None
    picture = pixels.view(height - _GAP, width - _GAP, 3) / 255
    table = F.pad(picture, (0, 0, 0, _GAP, 0, _GAP)).view(rows, height // rows, columns, width // columns, 3)
    return table[:, :-_GAP, :, :-_GAP].permute(2, 0, 4, 1, 3)


def _with_titles(image: Image.Image, titles: Sequence[str], pitch: int) -> Image.Image:
    """The image below a line of titles, one every `pitch` pixels."""
    whole = Image.new("RGB", (image.width, image.height + _HEADER), "white")
    whole.paste(image, (0, _HEADER))
    draw, font = ImageDraw.Draw(whole), ImageFont.load_default()
    for column, title in enumerate(titles):
        while draw.textlength(title, font) > pitch - 2 * _GAP:
            title = title[:-1]
        draw.text((column * pitch + _GAP, _GAP), title, "black", font)
    return whole


def _count(text: object) -> int:
    """A number in a file's text chunk; 0 if it is none."""
    return int(text) if isinstance(text, str) and text.isdecimal() and len(text) < 5 else 0


def _cells(images: Tensor, height: int, width: int) -> Tensor:
    enlarged = F.interpolate(images.clamp(-1, 1), size=(height, width), mode="nearest")
    return enlarged.expand(-1, 3, -1, -1)


def write_animation(file: Path, frames: Sequence[Path], *, seconds: float = 0.5) -> None:
    """Write image files as the frames of one animation; the last frame is shown four times as long.

    Args:
        file: the animation; its suffix sets the format: .webp, or .gif with 256 colors.
        frames: the image files, in order, such as those of a folder of `previews`; all of one size.
        seconds: duration of a frame.

    Raises:
        ValueError: if there are no frames, their sizes differ, or the format has no animations.

    Examples:
        >>> from pathlib import Path
        >>> frames = [Path("1.png"), Path("2.png")]
        >>> for frame in frames:
        ...     write_grid(frame, torch.rand(1, 3, 8, 8))
        >>> write_animation(Path("steps.webp"), frames)
        >>> Path("steps.webp").is_file()
        True
    """
    if file.suffix not in (".webp", ".gif"):
        raise ValueError(f"{file}: expected .webp or .gif for an animation")
    sizes = {_size(frame) for frame in frames}
    if len(sizes) != 1:
        raise ValueError(f"an animation expects frames of one size; got {sorted(sizes) or 'none'}")
    durations = [round(1000 * seconds)] * (len(frames) - 1) + [round(4000 * seconds)]
    images = (_rgb(frame) for frame in frames)  # one at a time: together they may not fit into memory
    file.parent.mkdir(parents=True, exist_ok=True)
    next(images).save(file, save_all=True, append_images=images, duration=durations, loop=0)


def _size(file: Path) -> tuple[int, int]:
    with Image.open(file) as picture:
        return picture.size


def _rgb(file: Path) -> Image.Image:
    with Image.open(file) as picture:
        return picture.convert("RGB")
