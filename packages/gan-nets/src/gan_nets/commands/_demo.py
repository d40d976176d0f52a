"""`gan-nets demo`: a local web page to try a network on."""

import os

from gan_nets.commands._network import load_network
from gan_nets.pictures.errors import requires
from gan_nets.tiling.precision import Precision


def demo(
    checkpoint: str,
    /,
    *,
    device: str | None = None,
    net: str | None = None,
    port: int | None = None,
    host: str = "127.0.0.1",
    precision: Precision = "auto",
    revision: str | None = None,
    subfolder: str | None = None,
) -> None:
    """Serve a local page to try a network on.

    Drop a picture on the page, and it shows the picture before and after. It
    needs gan-nets[demo]. Pictures stay on this machine.

    Args:
        checkpoint: The folder of a network or a run, or user/name on the Hugging Face Hub.
        device: cpu, cuda:1, ... (an accelerator if there is one).
        net: Which network of a run's folder.
        port: The page's port (the first free one from 7860).
        host: The address to listen on; 0.0.0.0 lets others in.
        precision: bf16 and, on a GPU, fp16 are faster on some devices, and less exact (auto is fp32).
        revision: Branch, tag or commit of a repository on the Hub.
        subfolder: Folder of the network inside of CHECKPOINT.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # gradio reads it when it is imported
    with requires("demo"):
        from gan_nets.commands._demo_page import serve
    network = load_network(checkpoint, net, device, precision, revision=revision, subfolder=subfolder)
    page, address = serve(network, checkpoint, host=host, port=port, precision=precision)
    print(f"{type(network).__name__} is at {address} until Ctrl-C", flush=True)
    page.block_thread()
