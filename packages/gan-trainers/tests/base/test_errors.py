import subprocess
import sys

import pytest
from gan_trainers import linear_decay, plain_errors, read_scalars

PROGRAM = """
from gan_trainers import Run, plain_errors
with plain_errors():
    Run({out!r}, precision="half")
"""


def test_a_packages_error_is_one_line_and_exit_code_1(capsys):
    with pytest.raises(SystemExit) as left, plain_errors():
        linear_decay(1, start=2, end=1)
    assert left.value.code == 1
    assert capsys.readouterr().err == "error: linear_decay expects start <= end; got start=2 and end=1\n"


def test_errors_of_other_code_keep_their_traceback(tmp_path):
    with pytest.raises(ValueError, match="invalid literal"), plain_errors():
        int("x")
    with pytest.raises(FileNotFoundError), plain_errors():
        read_scalars(tmp_path / "missing")  # raised by pathlib, and not foreseen
    with pytest.raises(KeyError), plain_errors():
        raise KeyError


def test_gan_traceback_shows_everything(monkeypatch):
    monkeypatch.setenv("GAN_TRACEBACK", "1")
    with pytest.raises(ValueError, match="linear_decay"), plain_errors():
        linear_decay(1, start=2, end=1)


def test_on_the_command_line(tmp_path):
    program = [sys.executable, "-c", PROGRAM.format(out=str(tmp_path / "run"))]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == ("error: expected precision auto, fp32, bf16 or fp16; got 'half'")
    assert "Traceback" not in done.stderr
