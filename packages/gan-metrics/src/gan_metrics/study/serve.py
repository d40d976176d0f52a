"""Serving a study on this machine."""

import socket
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import uvicorn

from gan_metrics.study._page import make_page
from gan_metrics.study._served_study import ServedStudy


def serve_study(folder: Path, *, host: str, port: int, say: Callable[[str], object]) -> None:
    """Serve a study until this process is interrupted.

    Neither addresses nor browsers of participants are stored or printed, and the page requests nothing from
    elsewhere.

    Args:
        folder: of the study.
        host: the address to listen on.
        port: the port; 0 for any free one.
        say: is called with sentences for who serves it.

    Raises:
        ValueError: it is no study.
        OSError: it is served already, or the port is in use.
    """
    with closing(ServedStudy(folder)) as served, closing(_listen(host, port)) as listening:
        for note in served.notes:
            say(f"warning: {note}")
        where = f"[{host}]" if ":" in host else host
        say(f"{served.study.title} is at http://{where}:{listening.getsockname()[1]}/ until Ctrl-C")
        quiet = uvicorn.Config(
            make_page(served), access_log=False, log_level="warning", server_header=False, proxy_headers=False
        )
        with suppress(KeyboardInterrupt):
            uvicorn.Server(quiet).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except OSError as error:
        listening.close()
        where = f"--host {host} --port {port}"
        raise OSError(f"{where}: cannot be used ({error.strerror}); choose another") from None
    return listening
