"""The files of examples/launch/ that run without a cluster."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch
from safetensors.torch import load_file

EXAMPLES = Path(__file__).parents[1] / "examples"
SMALL = {"size": 32, "load_size": 32, "width": 4, "network": "unet", "steps": 8, "evaluate_every": 1}
TOTAL = 6  # photos in a step


@pytest.fixture
def start(words, photos, tmp_path):
    """Starts one of three launchers of elastic.sh."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    quick = {"PET_RDZV_CONF": "last_call_timeout=10", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    environment = {**os.environ, **quick, "PATH": path, "TOTAL": str(TOTAL), "NODES": "2:3"}
    command = [EXAMPLES / "colorize.py", "photos", *words(data=photos, out=tmp_path / "lost", **SMALL)]
    launchers = []

    def launch(port):
        script = [EXAMPLES / "launch" / "elastic.sh", f"localhost:{port}", *command]
        with (tmp_path / f"{len(launchers)}.log").open("w") as log:
            launchers.append(subprocess.Popen(script, env=environment, stdout=log, stderr=subprocess.STDOUT))
        return launchers[-1]

    yield launch
    for launcher in launchers:
        kill(launcher)


def kill(launcher):
    """End a launcher and its processes as the loss of their machine does."""
    try:
        launched = psutil.Process(launcher.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return
    for process in [launcher, *launched]:
        process.kill()


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("localhost", port)) == 0


def wait_until(happened, seconds=300):
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.skipif(os.name == "nt", reason="a script of a Unix shell")
def test_when_one_of_three_machines_is_lost_the_others_go_on(start, example, train, photos, tmp_path):
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    first = start(port)
    wait_until(lambda: answers(port))  # the first keeps the list of machines, so it must not be the lost one
    second, third = start(port), start(port)
    wait_until(lambda: any((tmp_path / "lost" / "checkpoints").glob("0*/process-2.json")))  # of the third
    kill(third)
    assert (first.wait(300), second.wait(300)) == (0, 0), (tmp_path / "0.log").read_text()
    train(example("colorize"), "photos", tmp_path / "whole", data=photos, batch_size=TOTAL, **SMALL)
    got, expected = (load_file(tmp_path / name / "colorizer/model.safetensors") for name in ("lost", "whole"))
    for name, weight in expected.items():
        torch.testing.assert_close(got[name], weight, rtol=1e-5, atol=1e-5, msg=name)
