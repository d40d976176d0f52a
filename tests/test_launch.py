"""The files of examples/launch/ that run without a cluster."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import torch
from safetensors.torch import load_file

EXAMPLES = Path(__file__).parents[1] / "examples"
SMALL = {"size": 32, "load_size": 32, "width": 4, "network": "unet", "steps": 8, "evaluate_every": 1}
TOTAL = 6  # photos in a step
pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts of a Unix shell")


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


def test_when_one_of_three_machines_is_lost_the_others_go_on(
    start, example, train, photos, wait_until, free_port, tmp_path
):
    first = start(free_port)
    wait_until(
        lambda: answers(free_port), 300
    )  # the first keeps the list of machines, so it must not be the lost one
    second, third = start(free_port), start(free_port)
    wait_until(
        lambda: any((tmp_path / "lost" / "checkpoints").glob("0*/process-2.json")), 300
    )  # of the third
    kill(third)
    assert (first.wait(300), second.wait(300)) == (0, 0), (tmp_path / "0.log").read_text()
    train(example("colorize"), "photos", tmp_path / "whole", data=photos, batch_size=TOTAL, **SMALL)
    got, expected = (load_file(tmp_path / name / "colorizer/model.safetensors") for name in ("lost", "whole"))
    for name, weight in expected.items():
        torch.testing.assert_close(got[name], weight, rtol=1e-5, atol=1e-5, msg=name)


def test_a_number_of_samples_that_some_processes_cannot_share_is_refused():
    script = [EXAMPLES / "launch" / "elastic.sh", "host:29500", "recipe.py"]
    environment = {**os.environ, "TOTAL": "16", "NODES": "2:4"}
    done = subprocess.run(script, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: TOTAL must be a multiple of 3 processes, too; got 16\n"
