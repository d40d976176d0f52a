"""`gan-nets demo`: a local web page to try a network on."""

import argparse
import os
from pathlib import Path

import gan_nets
from gan_nets.commands._device import device_of


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    command = commands.add_parser(
        "demo",
        help="serve a local page to try a network on",
        description="Serve a web page on this machine to drop a picture on, which shows it before and after. "
        "It needs gan-nets[demo]. Nothing leaves the machine.",
    )
    command.add_argument("checkpoint", metavar="CHECKPOINT", type=Path, help="what gan_nets.load opens")
    command.add_argument("--device", metavar="NAME", help="cpu, cuda:1, ... (an accelerator if there is one)")
    command.add_argument("--net", metavar="NAME", help="which network, of the folder of a run")
    command.add_argument(
        "--port", metavar="N", type=int, help="the page's port (the first free one from 7860)"
    )
    command.add_argument(
        "--host", metavar="ADDRESS", default="127.0.0.1", help="0.0.0.0 to let others in (127.0.0.1)"
    )
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # which gradio reads when it is imported
    try:
        from gan_nets.commands.demo_page import serve
    except ImportError as error:
        raise ImportError(
            f'the page needs {error.name}; install it with: pip install "gan-nets[demo]"'
        ) from error
    net = gan_nets.load(options.checkpoint, net=options.net).to(device_of(options.device))
    page, address = serve(net, str(options.checkpoint), host=options.host, port=options.port)
    print(f"{type(net).__name__} is at {address} until Ctrl-C", flush=True)
    page.block_thread()
