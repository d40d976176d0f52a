"""The progress on a terminal, in a notebook, and in a log."""

import os
import re
import select
import struct
import sys

import pytest
from gan_trainers.run import _progress_bar, _progress_lines
from gan_trainers.run._progress_bar import ProgressBar

TERMS = {f"a_rather_long_name_of_a_term_{number}": number / 7 for number in range(20)}


def play(bar, steps=50):
    with bar.of_phase("content", 0, steps, images=0):
        for step in range(1, steps + 1):
            bar.show(TERMS, step)
            bar.move_to(step)
        bar.message("a message")


@pytest.fixture
def terminal(monkeypatch):
    """From a number of columns to a function that plays a bar there, and returns what it writes."""
    fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")

    def make(columns):
        keyboard, screen = os.openpty()
        fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with os.fdopen(screen, "w") as stream, monkeypatch.context() as patch:
            patch.setattr(sys, "stderr", stream)
            play(ProgressBar(shown=True))
            stream.flush()
            written = b""
            while select.select([keyboard], [], [], 0.3)[0]:  # what was written comes in pieces
                written += os.read(keyboard, 1 << 20)
        os.close(keyboard)
        return written.decode()

    return make


@pytest.mark.parametrize("columns", [20, 40, 100, 0])
def test_a_bar_is_never_wider_than_its_terminal(terminal, columns):
    written = terminal(columns)
    assert "content: 100%" in written or columns == 20
    assert "a message" in written
    lines = re.split(r"[\r\n]", re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", written))
    assert max(map(len, lines)) <= (columns or 80)


def test_a_log_gets_a_line_every_so_often(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(_progress_lines.time, "monotonic", lambda: now[0])
    bar = ProgressBar(shown=True)
    with bar.of_phase("content", 10, 110, images=0):
        for step in range(11, 111):
            now[0] += 1.0
            bar.move_to(step)
            if step % 10 == 0:
                bar.show({"loss": step}, 4 * (step - 10))
    written = capsys.readouterr().err
    assert "\r" not in written
    assert written.splitlines() == [
        "content: 40 of 110 steps, 0:00:30, 0:01:10 left, loss 30, images/s 4.0",
        "content: 70 of 110 steps, 0:01:00, 0:00:40 left, loss 60, images/s 4.0",
        "content: 100 of 110 steps, 0:01:30, 0:00:10 left, loss 90, images/s 4.0",
        "content: 110 of 110 steps, 0:01:40, loss 110, images/s 4.0",
    ]


def test_a_notebook_gets_the_bar_of_tqdm_auto(monkeypatch):
    made = []

    class Notebook(_progress_bar.tqdm):
        def __init__(self, *arguments, **options):
            made.append(options["desc"])
            super().__init__(*arguments, **options)

    monkeypatch.setattr(_progress_bar.auto, "tqdm", Notebook)
    play(ProgressBar(shown=True))
    assert made == ["content"]


@pytest.mark.parametrize("options", [{"shown": False}, {"shown": True, "quiet": True}])
def test_nothing_is_printed_by_other_processes_or_if_it_is_not_wanted(capsys, options):
    bar = ProgressBar(**options)
    play(bar)
    assert capsys.readouterr().err == ""
    bar.warn("damaged")
    assert capsys.readouterr().err == ("warning: damaged\n" if options["shown"] else "")
