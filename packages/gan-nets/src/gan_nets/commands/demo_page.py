"""A page to try a network on: drop a picture, see it before and after."""

import html
import warnings
from pathlib import Path
from typing import TypeAlias

import gradio as gr  # pyright: ignore[reportMissingImports] - it holds Pillow back: not for development
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from gan_nets.pictures.errors import reason
from gan_nets.pictures.files import PictureFile
from gan_nets.pictures.pillow_modes import set_upright
from gan_nets.pictures.translate import Translator
from gan_nets.saving.usage import Usage

Pair: TypeAlias = tuple[Image.Image, Image.Image]

DOES = {
    "translate": "translates pictures",
    "colorize": "colours grey pictures",
    "enlarge": "enlarges pictures",
}

STYLE = """
.gradio-container { width: 100% !important; max-width: 60rem !important; margin: auto; }
.gradio-container h1 { margin-bottom: 0; }
"""


def serve(net: nn.Module, source: str, *, host: str, port: int | None) -> tuple[gr.Blocks, str]:
    """Start the page in a thread of its own; nothing leaves the machine.

    Args:
        net: from picture to picture.
        source: where it is from, for the page's text.
        host: the address to listen at.
        port: the port, or None for the first free one from 7860 on.

    Returns:
        The page, for `block_thread` and `close`, and its address.

    Raises:
        ValueError: the network is not for pictures alone.
        OSError: the port is taken.
    """
    page = _page(net, source)
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


def _page(net: nn.Module, source: str) -> gr.Blocks:
    name, translator = type(net).__name__, Translator(net)

    def compare(path: str | None) -> tuple[Pair | None, str]:
        return (None, "") if path is None else compared(translator, Path(path))

    # Pictures stay in a temporary folder while the page is there, and are gone with it.
    with gr.Blocks(title=f"{name} - gan-nets", analytics_enabled=False, delete_cache=(86400, 86400)) as page:
        gr.Markdown(f"# {name}\n{_does(net)}, from `{source}`")
        dropped = gr.File(label="A picture", file_count="single", height=140, elem_id="picture")
        said = gr.HTML(elem_id="said", padding=False)
        pair = gr.ImageSlider(
            label="Before and after",
            type="pil",
            format="png",
            interactive=False,
            max_height=720,
            elem_id="compared",
        )
        dropped.change(compare, dropped, [pair, said], api_visibility="private", show_progress_on=pair)
    return page


def _does(net: nn.Module) -> str:
    usage: Usage = getattr(net, "usage", Usage())
    times = f" {net.scale} times" if usage.task == "enlarge" and hasattr(net, "scale") else ""
    return DOES[usage.task].capitalize() + times


def compared(translator: Translator, path: Path) -> tuple[Pair | None, str]:
    """A picture and what the network makes of it, of one size, and what there is to say about that in HTML.

    What goes wrong is said too, and there are no pictures then.
    """
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always", UserWarning)
        try:
            file = PictureFile(path)
            before = _shown(set_upright(file.image) if file.deep is None else file.deep)
            after = _shown(translator.file(path, None))
        except Exception as error:  # on broken files decoders raise whatever they stumble over
            return None, html.escape(f"{path.name}: {reason(error)}")
    notes = sorted({f"Note: {warning.message}" for warning in noted})
    return (before.resize(after.size, Image.Resampling.BICUBIC), after), "<br>".join(map(html.escape, notes))


def _shown(picture: Image.Image | NDArray) -> Image.Image:
    """With 8 bits a channel, as RGB or RGBA."""
    if isinstance(picture, Image.Image) and picture.mode.startswith("I"):
        picture = np.asarray(picture)
    if not isinstance(picture, Image.Image):
        picture = Image.fromarray((picture // 257).astype(np.uint8))
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")
