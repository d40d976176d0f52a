"""The page of `gan-nets demo`: drop a picture, see it before and after."""

import html
import warnings
from pathlib import Path
from typing import Any, TypeAlias

import gradio as gr  # pyright: ignore[reportMissingImports] - it needs an older Pillow: not for development
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from gan_nets.pictures.errors import reason
from gan_nets.pictures.open_file import open_file
from gan_nets.pictures.open_image import set_upright
from gan_nets.pictures.translate import Translator
from gan_nets.saving.usage import Usage
from gan_nets.tiling.precision import Precision

Pair: TypeAlias = tuple[Image.Image, Image.Image]

DOES = {
    "translate": "translates pictures",
    "colorize": "colorizes gray pictures",
    "enlarge": "enlarges pictures",
}

STYLE = """
.gradio-container { width: 100% !important; max-width: 60rem !important; margin: auto; }
.gradio-container h1 { margin-bottom: 0; }
"""


def serve(
    net: nn.Module, source: str, *, host: str, port: int | None, precision: Precision = "auto"
) -> tuple[gr.Blocks, str]:
    """Start the page in a thread of its own; nothing leaves the machine.

    Args:
        net: from images to images.
        source: where it was loaded from, for the page's text.
        host: the address to listen on.
        port: the port, or None for the first free one from 7860.
        precision: as for `translate`.

    Returns:
        The page, for `block_thread` and `close`, and its address.

    Raises:
        ValueError: the network is not from images to images.
        OSError: the port is in use.
    """
    page = _page(Translator(net, precision=precision), net, source)
    _, address, _ = page.launch(
        server_name=host,
        server_port=port,
        share=False,
        ssr_mode=False,
        quiet=True,
        prevent_thread_lock=True,
        footer_links=[],
        theme=gr.themes.Default(primary_hue="neutral"),
        css=STYLE,
    )
    return page, address


def _page(translator: Translator, net: nn.Module, source: str) -> gr.Blocks:
    name = type(net).__name__

    def show(path: str | None) -> tuple[Pair | None, str]:
        return (None, "") if path is None else compare(translator, Path(path))

    # Pictures are kept in a temporary folder while the page is open, and deleted with it.
    with gr.Blocks(title=f"{name} - gan-nets", analytics_enabled=False, delete_cache=(86400, 86400)) as page:
        gr.Markdown(f"# {name}\n{_does(net)}, from `{source}`")
        dropped = gr.File(label="A picture", file_count="single", height=140, elem_id="picture")
        message = gr.HTML(elem_id="message", padding=False)
        pair = gr.ImageSlider(
            label="Before and after",
            type="pil",
            format="png",
            interactive=False,
            max_height=720,
            elem_id="compared",
        )
        dropped.change(show, dropped, [pair, message], api_visibility="private", show_progress_on=pair)
    return page


def _does(net: nn.Module) -> str:
    usage: Usage = getattr(net, "usage", Usage())
    times = f" {net.scale} times" if usage.task == "enlarge" and hasattr(net, "scale") else ""
    return DOES[usage.task].capitalize() + times


def compare(translator: Translator, path: Path) -> tuple[Pair | None, str]:
    """A picture before and after the network, at the size of the result, and notes in HTML.

    After a failure there are no pictures, and the reason.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        try:
            file = open_file(path)
            before = _shown(set_upright(file.image) if file.sixteen_bit is None else file.sixteen_bit)
            if translator.colorizes:  # its input is gray
                before = before.convert("LA" if before.mode == "RGBA" else "L").convert(before.mode)
            after = _shown(translator.file(path, None))
        except Exception as error:  # decoders raise all kinds on broken files
            return None, html.escape(f"{path.name}: {reason(error, str(path))}")
    notes = sorted({f"Note: {warning.message}" for warning in caught})
    return (before.resize(after.size, Image.Resampling.BICUBIC), after), "<br>".join(map(html.escape, notes))


def _shown(picture: Image.Image | NDArray[Any]) -> Image.Image:
    """In RGB or RGBA of 8 bits."""
    if isinstance(picture, Image.Image) and picture.mode.startswith("I"):
        picture = np.asarray(picture)
    if not isinstance(picture, Image.Image):
        picture = Image.fromarray((picture // 257).astype(np.uint8))
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")
