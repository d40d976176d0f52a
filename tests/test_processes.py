"""Two processes with half of the batch each equal one with the whole batch, and stay equal.

Real processes over gloo, of `accelerate launch` and torchrun. What does not agree ends in a sentence.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from gan_trainers import Run, read_scalars
from safetensors.torch import load_file
from torch import nn

RECIPES = Path(__file__).parent / "recipes"
ENVIRONMENT = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
ENVIRONMENT.pop("ACCELERATE_USE_CPU", None)  # without a GPU, nobody needs to say so

# In float64 only the order of summation differs, by some 1e-16 in each of six steps; Adam divides by the
# square root of small squares, which magnifies it. In float32 the same holds with 1e-7.
EQUAL = {"rtol": 1e-9, "atol": 1e-11}
CASES = (
    "plain", "channels-last", "batch norm", "clip", "accumulate", "averaged by the optimizer",
    "partly frozen", "unused on one",
)  # fmt: skip


def launch(recipe, *arguments, processes=2):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    launcher = [
        "-m",
        "accelerate.commands.launch",
        "--multi_gpu",
        "--num_processes",
        str(processes),
        "--num_machines",
        "1",
    ]
    launcher += ["--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", str(port)]
    return subprocess.run(
        [sys.executable, *launcher, str(RECIPES / recipe), *map(str, arguments)],
        env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def torchrun(recipe, out):
    """The words that start a recipe on two processes."""
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    return [sys.executable, *launcher, str(RECIPES / recipe), str(out)]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The folders of the recipe on one process and on two, and the output of the two."""
    one, two = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    alone = [sys.executable, str(RECIPES / "compared.py"), str(one)]
    done = subprocess.run(alone, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    together = launch("compared.py", two)
    assert together.returncode == 0, together.stderr
    return one, two, together


def test_two_processes_really_ran(runs):
    _, two, together = runs
    programs = [json.loads((two / f"program-{rank}.json").read_text()) for rank in range(2)]
    assert [program["processes"] for program in programs] == [2, 2]
    assert [program["is_main"] for program in programs] == [True, False]
    assert programs[0]["pid"] != programs[1]["pid"]
    assert "2 processes on cpu, fp32; parameters: network" in together.stderr
    assert together.stderr.count("parameters: network") == len(CASES) + 4  # printed by the first alone


@pytest.mark.parametrize("case", CASES)
def test_two_halves_equal_the_whole(runs, case):
    one, two, _ = runs
    whole, half = load_file(one / f"{case}-0.safetensors"), load_file(two / f"{case}-0.safetensors")
    assert whole.keys() == half.keys()
    for name, tensor in whole.items():
        torch.testing.assert_close(half[name], tensor, **EQUAL, msg=lambda text, name=name: f"{name}: {text}")


def test_two_halves_equal_the_whole_in_float32(runs):
    one, two, _ = runs
    whole, half = load_file(one / "float32-0.safetensors"), load_file(two / "float32-0.safetensors")
    for name, tensor in whole.items():
        torch.testing.assert_close(half[name], tensor, rtol=1e-5, atol=1e-7)


def test_scalars_are_averaged_over_processes(runs):
    one, two, _ = runs
    for case in ("plain", "batch norm", "accumulate"):
        rows = [
            [json.loads(line) for line in (out / "runs" / case / "scalars.jsonl").read_text().splitlines()]
            for out in (one, two)
        ]
        assert [row["step"] for row in rows[0]] == [row["step"] for row in rows[1]] == [2, 3, 4, 6]
        assert [row["images"] for row in rows[0]] == [row["images"] for row in rows[1]] == [16, 24, 32, 48]
        assert [row["loss"] for row in rows[0]] == pytest.approx([row["loss"] for row in rows[1]], rel=1e-6)


@pytest.mark.parametrize("case", [*CASES, "float32", "interrupted", "resumed"])
def test_processes_stay_equal(runs, case):
    _, two, _ = runs
    first, second = (load_file(two / f"{case}-{rank}.safetensors") for rank in range(2))
    assert first.keys() == second.keys()
    assert [name for name in first if not torch.equal(first[name], second[name])] == []


def test_a_parameter_that_no_process_used_is_left_alone(runs):
    for out in runs[:2]:
        found = load_file(out / "unused on one-0.safetensors")
        assert "gradient side.weight" in found
        assert "gradient never.weight" not in found


def test_a_resumed_pair_equals_an_uninterrupted_one(runs):
    for out in runs[:2]:
        whole, resumed = (load_file(out / f"{case}-0.safetensors") for case in ("batch norm", "resumed"))
        assert [name for name in whole if not torch.equal(whole[name], resumed[name])] == []
        cut = load_file(out / "interrupted-0.safetensors")
        assert not torch.equal(cut["parameter 0.weight"], whole["parameter 0.weight"])


def test_a_signal_to_one_stops_both_after_the_same_step(runs):
    _, two, _ = runs
    for rank in range(2):
        assert load_file(two / f"stopped-{rank}.safetensors")["stopped"].tolist() == [3, 128 + 15]
    assert (two / "runs" / "stopped" / "checkpoints" / "00000003" / "process-1.json").exists()


def test_shared_batch_norm_is_batch_norm_over_the_whole_batch(runs):
    one, two, _ = runs
    whole = load_file(one / "penalty-0.safetensors")  # with one process, nn.BatchNorm2d's own code
    halves = [load_file(two / f"penalty-{rank}.safetensors") for rank in range(2)]
    for name in ("value", "gradient", "second gradient"):
        torch.testing.assert_close(
            torch.cat([half[name] for half in halves]), whole[name], rtol=1e-9, atol=1e-9
        )
    for name in ("running_mean", "running_var", "num_batches_tracked"):
        for half in halves:
            torch.testing.assert_close(half[name], whole[name], rtol=1e-12, atol=0)


def test_another_number_of_processes_with_another_batch_is_refused(runs):
    _, two, _ = runs
    run = Run(two / "runs" / "plain")
    run.register(network=nn.Conv2d(3, 3, 1))
    run.loader(torch.zeros(21, 3, 6, 6), 4)
    with pytest.raises(
        ValueError,
        match=r"by 2 processes with 8 samples in a step, and this run has 1 with 4; use a batch size of 8$",
    ):
        run.resume()


def test_one_two_and_three_processes_one_after_the_other_equal_one(tmp_path):
    """Three steps each, in float32, with batch norm, dropout, noise, an image pool and averages."""
    alone = [sys.executable, RECIPES / "elastic.py", tmp_path / "whole", "9", tmp_path / "parts", "3"]
    done = subprocess.run(alone, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for processes, until in ((2, 6), (3, 9)):
        done = launch("elastic.py", tmp_path / "parts", until, processes=processes)
        assert done.returncode == 0, done.stderr
        assert f"{processes} processes on cpu" in done.stderr
        assert f"processes: {processes - 1} -> {processes}" in done.stderr
    whole = load_file(tmp_path / "whole" / "weights-0.safetensors")
    for rank in range(3):
        parts = load_file(tmp_path / "parts" / f"weights-{rank}.safetensors")
        assert parts.keys() == whole.keys()
        for name, tensor in whole.items():
            torch.testing.assert_close(parts[name], tensor, rtol=1e-5, atol=1e-5, msg=f"{rank}: {name}")
    rows = [read_scalars(tmp_path / name / "scalars.jsonl") for name in ("whole", "parts")]
    assert [row["step"] for row in rows[1]] == [row["step"] for row in rows[0]] == [3, 4, 6, 8, 9]
    for one, other in zip(*rows, strict=True):
        assert other["images"] == one["images"]
        assert other["generator"] == pytest.approx(one["generator"], rel=1e-5)


def test_an_error_on_one_process_ends_them_all(tmp_path):
    done = launch("fails_on_one.py", tmp_path / "run")
    assert done.returncode != 0
    assert "error: linear_decay expects start <= end; got start=2 and end=1" in done.stderr


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What two processes of torchrun were told, each, by case."""
    out = tmp_path_factory.mktemp("disagree")
    done = subprocess.run(
        torchrun("disagree.py", out),
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert (out / "said-1.json").exists(), done.stderr
    return [json.loads((out / f"said-{rank}.json").read_text()) for rank in range(2)]


def test_torchrun_gives_two_processes_on_a_cpu(said):
    assert [each["processes"] for each in said] == [["2", "cpu", "True"], ["2", "cpu", "False"]]


def test_folders_of_their_own_are_refused_by_both(said):
    first, second = (each["own_folders"] for each in said)
    assert first == second
    assert first[0] == "OSError"
    assert "own-1 of process 1 on " in first[1]
    assert "own-0 of process 0 on " in first[1]
    assert "is not the folder" in first[1]


def test_a_checkpoint_that_one_cannot_read_ends_both(said):
    first, second = (each["checkpoint_of_the_first_alone"] for each in said)
    assert first == second
    assert first[0] == "ValueError"
    assert first[1].startswith("process 1 on ")
    assert "cannot read the checkpoint's file" in first[1]
    assert "late/checkpoints/00000002" in first[1]


def test_a_wait_without_an_answer_ends(said):
    kind, sentence = said[0]["one_stays_away"]
    assert kind == "ConnectionError"
    assert sentence.startswith("process 0 on ")
    assert "waited for the mean of the gradients" in sentence
    assert "not all processes took part within 3 seconds (GAN_TIMEOUT sets another limit)" in sentence
    assert said[1]["one_stays_away"][0] == "ConnectionError"


def test_a_folder_in_use_and_the_end_of_the_launcher(wait_until, tmp_path):
    """Another run is refused while two processes train; after their launcher is killed, they save and end."""
    out = tmp_path / "run"
    with (tmp_path / "errors").open("w") as errors:
        launcher = subprocess.Popen(torchrun("endless.py", out), env=ENVIRONMENT, stderr=errors)
    files = [out / "process-0", out / "process-1"]
    wait_until(lambda: all(file.exists() and file.read_text() for file in files))
    processes = [int(file.read_text()) for file in files]
    with pytest.raises(OSError, match=rf"run is in use by process {processes[0]} on .*; wait until it has"):
        Run(out)
    os.kill(launcher.pid, signal.SIGKILL)
    launcher.wait()
    wait_until(lambda: is_free(out))
    assert "stopped after step" in (tmp_path / "errors").read_text()
    (checkpoint,) = (out / "checkpoints").glob("0*")
    assert (checkpoint / "process-1.json").exists()


def is_free(folder):
    try:
        Run(folder)
    except OSError:
        return False
    return True
