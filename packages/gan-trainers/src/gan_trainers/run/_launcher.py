"""How many processes were started, and which one this is, as launchers say in environment variables."""

import os
import re
from dataclasses import dataclass
from typing import NamedTuple

import torch.distributed as dist


@dataclass(frozen=True)
class Launch:
    """One of several processes.

    Attributes:
        processes: how many were started, on all machines.
        rank: number of this one.
        local_rank: number of this one on its machine, if that is known.
        local_processes: how many run on its machine, if that is known.
        by: the launcher.
    """

    processes: int
    rank: int
    local_rank: int | None
    local_processes: int | None
    by: str


class _Variables(NamedTuple):
    by: str
    processes: str
    rank: str
    local_rank: str
    local_processes: str


_TORCH = _Variables("torch", "WORLD_SIZE", "RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
_OTHERS = (
    # Not SLURM_NTASKS, which the shell of an allocation has too: only the tasks of srun are processes.
    _Variables("srun", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "SLURM_LOCALID", "SLURM_NTASKS_PER_NODE"),
    _Variables(
        "mpirun",
        "OMPI_COMM_WORLD_SIZE",
        "OMPI_COMM_WORLD_RANK",
        "OMPI_COMM_WORLD_LOCAL_RANK",
        "OMPI_COMM_WORLD_LOCAL_SIZE",
    ),
    _Variables("mpirun", "PMI_SIZE", "PMI_RANK", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"),
)


def find_launch() -> Launch | None:
    """The launch that this process belongs to; None if it was started alone.

    torchrun, `accelerate launch` and notebook_launcher set torch's own variables, which count more than those
    of srun and mpirun around them.

    Raises:
        ValueError: if the variables do not agree with each other.
    """
    outer = next((found for each in _OTHERS if (found := _read(each))), None)
    if dist.is_available() and dist.is_initialized():
        return Launch(dist.get_world_size(), dist.get_rank(), _number("LOCAL_RANK"), None, "this program")
    inner = _read(_TORCH)
    if inner is None and "WORLD_SIZE" not in os.environ:
        _refuse_forgotten_ranks()
        if outer is None:
            _refuse_a_launch_of_one()
        return outer
    if outer is not None:
        _refuse_several_launches(outer, inner)
    return inner


def export_launch(launch: Launch) -> None:
    """Set the variables that torch and accelerate read, as far as the launcher has not.

    Raises:
        ValueError: if the machine of the first process is not known.
    """
    numbers = {
        "WORLD_SIZE": launch.processes,
        "RANK": launch.rank,
        "LOCAL_RANK": launch.local_rank,
        "LOCAL_WORLD_SIZE": launch.local_processes,
    }
    for name, number in numbers.items():
        if number is not None:
            os.environ.setdefault(name, str(number))
    if "MASTER_ADDR" not in os.environ and not dist.is_initialized():
        os.environ["MASTER_ADDR"] = _first_machine(launch)
    os.environ.setdefault("MASTER_PORT", str(_port()))


def _read(names: _Variables) -> Launch | None:
    """The launch that these variables describe, if it has several processes."""
    processes, rank = _number(names.processes), _number(names.rank)
    if processes is None:
        return None
    if rank is None and processes > 1:
        raise ValueError(
            f"{names.processes} is {processes}, but {names.rank} is not set; start the program with torchrun "
            f"or accelerate launch, or unset {names.processes} for one process"
        )
    if rank is not None and rank >= processes:
        raise ValueError(
            f"{names.rank} is {rank} and {names.processes} is {processes}, but ranks count from 0; start the "
            "program with torchrun or accelerate launch"
        )
    if rank is None or processes == 1:
        return None
    return Launch(processes, rank, _number(names.local_rank), _number(names.local_processes), names.by)


def _number(name: str) -> int | None:
    text = os.environ.get(name)
    if text is None:
        return None
    if not text.isdecimal():
        raise ValueError(f"the environment variable {name} must be a number of processes; got {text!r}")
    return int(text)


def _refuse_forgotten_ranks() -> None:
    for name in ("RANK", "LOCAL_RANK"):
        if number := _number(name):
            raise ValueError(
                f"{name} is {number}, but WORLD_SIZE is not set; start the program with torchrun or "
                f"accelerate launch, or unset {name} for one process"
            )


def _refuse_a_launch_of_one() -> None:
    """Refuse one process where a launcher was asked for several and started one."""
    if "SLURM_PROCID" in os.environ and (_number("SLURM_NTASKS") or 1) > 1:
        raise ValueError(
            f"SLURM_NTASKS is {os.environ['SLURM_NTASKS']}, but srun did not start this process; start the "
            "program with srun, or unset SLURM_NTASKS for one process"
        )
    # `accelerate launch` sets the address for several processes, but starts one of them on a CPU.
    if "ACCELERATE_MIXED_PRECISION" in os.environ and "MASTER_ADDR" in os.environ:
        raise ValueError(
            "accelerate launch was asked for several processes and started one, as it does with --cpu and "
            "with distributed_type MULTI_CPU; use `torchrun --nproc_per_node N`, or `accelerate launch "
            "--multi_gpu --num_processes N`, which use the CPU where there is no GPU, or --num_processes 1"
        )


def _refuse_several_launches(outer: Launch, inner: Launch | None) -> None:
    """Refuse to be one of several groups that would all write to the same folder."""
    processes = inner.processes if inner else 1
    if outer.processes not in (processes, _number("GROUP_WORLD_SIZE") or 1):
        raise ValueError(
            f"{outer.by} started {outer.processes} launchers, each of which started processes of its own "
            f"(WORLD_SIZE {processes}); give torchrun --nnodes {outer.processes} with --rdzv-endpoint, "
            "accelerate launch --num_machines, or start one launcher"
        )


def _first_machine(launch: Launch) -> str:
    machines = os.environ.get("SLURM_STEP_NODELIST", "") if launch.by == "srun" else ""
    if launch.local_processes == launch.processes or os.environ.get("SLURM_STEP_NUM_NODES") == "1":
        return "127.0.0.1"
    # node[01-04,07]-ib,other: the first is node01-ib
    found = re.match(r"([^,\[]+)(?:\[(\w+)[^\]]*\]([^,\[]*))?", machines)
    if not found:
        raise ValueError(
            f"{launch.by} started {launch.processes} processes, but MASTER_ADDR is not set; set it to the "
            "name of the machine of the first process (127.0.0.1 if all run on this one)"
        )
    return "".join(part or "" for part in found.groups())


def _port() -> int:
    """A port that all processes of a job compute alike, and other jobs on the machine do not."""
    job = os.environ.get("SLURM_JOB_ID", "")
    step = os.environ.get("SLURM_STEP_ID", "")
    if not job.isdecimal():
        return 29500  # torch's own
    return 20000 + (int(job) * 31 + (int(step) if step.isdecimal() else 0)) % 10000
