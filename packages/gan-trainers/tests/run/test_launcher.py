"""The variables of launchers: what they say about processes, and what does not agree."""

import os
import re

import pytest
from gan_trainers import OptionError, Run
from gan_trainers.run._launcher import Launch, export_launch, find_launch

SRUN = {
    "SLURM_JOB_ID": "7",
    "SLURM_STEP_ID": "2",
    "SLURM_NTASKS": "4",
    "SLURM_STEP_NUM_TASKS": "4",
    "SLURM_STEP_NUM_NODES": "2",
    "SLURM_STEP_NODELIST": "gpu[03-04,07],other",
    "SLURM_PROCID": "3",
    "SLURM_LOCALID": "1",
    "SLURM_NTASKS_PER_NODE": "2",
}
OPEN_MPI = {
    "OMPI_COMM_WORLD_SIZE": "2",
    "OMPI_COMM_WORLD_RANK": "1",
    "OMPI_COMM_WORLD_LOCAL_RANK": "1",
    "OMPI_COMM_WORLD_LOCAL_SIZE": "2",
}
TORCHRUN = {
    "WORLD_SIZE": "4",
    "RANK": "3",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "2",
    "GROUP_WORLD_SIZE": "2",
    "MASTER_ADDR": "gpu03",
    "MASTER_PORT": "29400",
}


@pytest.fixture
def environment(monkeypatch):
    """Sets variables, of which nothing is left after the test."""

    def set_variables(values):
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    for name in [*SRUN, *OPEN_MPI, *TORCHRUN, "ACCELERATE_MIXED_PRECISION"]:
        monkeypatch.setenv(name, "")  # so that what a test adds is removed again
        monkeypatch.delenv(name)
    return set_variables


@pytest.mark.parametrize(
    ("variables", "launch"),
    [
        ({}, None),
        ({"WORLD_SIZE": "1", "RANK": "0", "LOCAL_RANK": "0"}, None),
        (TORCHRUN, Launch(4, 3, 1, 2, "torch")),
        (SRUN, Launch(4, 3, 1, 2, "srun")),
        (OPEN_MPI, Launch(2, 1, 1, 2, "mpirun")),
        ({**SRUN, **TORCHRUN}, Launch(4, 3, 1, 2, "torch")),  # srun python, with torch's variables by hand
        (
            {**SRUN, "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1", **TORCHRUN},
            Launch(4, 3, 1, 2, "torch"),
        ),  # srun torchrun
        ({"SLURM_NTASKS": "4"}, None),  # a shell of salloc
    ],
)
def test_what_launchers_say(environment, variables, launch):
    environment(variables)
    assert find_launch() == launch


@pytest.mark.parametrize(
    ("variables", "address", "port"),
    [
        (SRUN, "gpu03", "20219"),
        ({**SRUN, "SLURM_STEP_NODELIST": "alpha,beta"}, "alpha", "20219"),
        ({**SRUN, "SLURM_STEP_NUM_NODES": "1"}, "127.0.0.1", "20219"),
        (OPEN_MPI, "127.0.0.1", "29500"),
        (TORCHRUN, "gpu03", "29400"),
    ],
)
def test_torch_is_told_where_the_first_process_is(environment, variables, address, port):
    environment(variables)
    launch = find_launch()
    export_launch(launch)
    assert (os.environ["MASTER_ADDR"], os.environ["MASTER_PORT"]) == (address, port)
    numbers = (launch.processes, launch.rank, launch.local_rank, launch.local_processes)
    names = ("WORLD_SIZE", "RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    assert tuple(int(os.environ[name]) for name in names) == numbers


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"WORLD_SIZE": "2"}, "WORLD_SIZE is 2, but RANK is not set; start the program with torchrun or"),
        ({"RANK": "1"}, "RANK is 1, but WORLD_SIZE is not set"),
        ({"LOCAL_RANK": "1"}, "LOCAL_RANK is 1, but WORLD_SIZE is not set"),
        ({"WORLD_SIZE": "1", "RANK": "1"}, "RANK is 1 and WORLD_SIZE is 1, but ranks count from 0"),
        ({"WORLD_SIZE": "two", "RANK": "0"}, "WORLD_SIZE must be a number of processes; got 'two'"),
        (
            {"SLURM_NTASKS": "4", "SLURM_PROCID": "0"},
            "SLURM_NTASKS is 4, but srun did not start",
        ),
        (
            {"ACCELERATE_MIXED_PRECISION": "no", "MASTER_ADDR": "127.0.0.1"},
            "accelerate launch was asked for several processes and started one",
        ),
        (
            {**SRUN, "SLURM_STEP_NUM_TASKS": "4", "WORLD_SIZE": "1", "RANK": "0"},
            "srun started 4 launchers, each of which started processes of its own (WORLD_SIZE 1); give",
        ),
        (
            {**SRUN, **TORCHRUN, "SLURM_STEP_NUM_TASKS": "8"},
            "srun started 8 launchers, each of which started processes of its own (WORLD_SIZE 4)",
        ),
    ],
)
def test_what_does_not_agree_is_refused_before_anything_is_written(environment, tmp_path, variables, message):
    environment(variables)
    with pytest.raises(ValueError, match=re.escape(message)):
        Run(tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"ACCELERATE_USE_FSDP": "true"}, "accelerate's setting FSDP (ACCELERATE_USE_FSDP) is not supported"),
        (
            {"ACCELERATE_USE_DEEPSPEED": "true"},
            "setting DeepSpeed (ACCELERATE_USE_DEEPSPEED)",
        ),
        ({"ACCELERATE_USE_MEGATRON_LM": "true"}, "setting Megatron-LM"),
        ({"ACCELERATE_USE_PARALLELISM_CONFIG": "true"}, "setting a parallelism config"),
        ({"ACCELERATE_MIXED_PRECISION": "fp8"}, "mixed_precision fp8 is not supported; use bf16, fp16 or no"),
        (
            {"MIXED_PRECISION": "fp8", "NPROC": "2", "NODE_RANK": "0"},  # notebook_launcher
            "mixed_precision fp8 is not supported",
        ),
        (
            {"ACCELERATE_DYNAMO_BACKEND": "INDUCTOR", "ACCELERATE_DYNAMO_MODE": "default"},
            "dynamo_backend inductor, dynamo_mode default is not followed; use --compile",
        ),
        ({"ACCELERATE_GRADIENT_ACCUMULATION_STEPS": "4"}, "use --accumulate 4 (Run(accumulate=4)), or unset"),
    ],
)
def test_settings_of_accelerate_that_a_run_does_not_follow_are_refused(
    environment, tmp_path, variables, message
):
    environment(variables)
    with pytest.raises(OptionError, match=re.escape(message)):
        Run(tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_settings_of_accelerate_that_the_run_has_too_are_followed(environment, tmp_path):
    environment({"ACCELERATE_GRADIENT_ACCUMULATION_STEPS": "4", "ACCELERATE_DYNAMO_BACKEND": "NO"})
    Run(tmp_path / "run", accumulate=4)
    environment({"ACCELERATE_DYNAMO_BACKEND": "INDUCTOR", "ACCELERATE_DYNAMO_MODE": "default"})
    Run(tmp_path / "run", accumulate=4, compile=True)
