"""The processes of a run, started by any launcher: one truth about their number and their device."""

import os
from contextlib import nullcontext
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import InitProcessGroupKwargs

from gan_trainers.base.waiting import longest_wait, waiting
from gan_trainers.run._launcher import Launch, export_launch, find_launch


def join_processes(folder: Path) -> Accelerator:
    """Join the processes that were started together; alone without a launcher.

    On a machine without a GPU they exchange over gloo, whether or not ACCELERATE_USE_CPU is set.

    Args:
        folder: of the run, for accelerate's trackers.

    Raises:
        ValueError: if the launcher's variables, accelerate and the devices do not agree.
        ConnectionError: if the other processes do not come.
    """
    launch = find_launch()
    if launch is not None:
        _check_devices(launch)
        export_launch(launch)
    timeout = InitProcessGroupKwargs(timeout=longest_wait())
    with waiting("all processes to start") if launch else nullcontext():
        accelerator = Accelerator(
            cpu=launch is not None and not _uses_gpus(), project_dir=folder, kwargs_handlers=[timeout]
        )
    _check_agreement(accelerator, launch)
    return accelerator


def _uses_gpus() -> bool:
    use_cpu = os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("true", "1", "yes", "y", "t", "on")
    chosen = os.environ.get("ACCELERATE_TORCH_DEVICE", "")
    return torch.accelerator.is_available() and not use_cpu and not chosen.startswith("cpu")


def _check_devices(launch: Launch) -> None:
    if not _uses_gpus():
        return
    if launch.local_rank is None:
        raise ValueError(
            f"{launch.by} started {launch.processes} processes, but LOCAL_RANK, which chooses a GPU for "
            "each, is not set; start the program with torchrun or accelerate launch"
        )
    devices, processes = torch.accelerator.device_count(), launch.local_processes or 1
    one_for_each = devices == 1 and launch.by != "torch"  # srun and mpirun can show each process only its own
    if processes > devices and not one_for_each:
        raise ValueError(
            f"{processes} processes were started on this machine, which has {devices} GPUs; start {devices}, "
            "or set ACCELERATE_USE_CPU=true to train on the CPU"
        )


def _check_agreement(accelerator: Accelerator, launch: Launch | None) -> None:
    expected = (launch.processes, launch.rank) if launch else (1, 0)
    found = (accelerator.num_processes, accelerator.process_index)
    if found != expected:
        raise ValueError(
            f"the launcher started {expected[0]} processes, of which this is number {expected[1]}, but "
            f"accelerate counts {found[0]}, of which this is number {found[1]}; make no Accelerator before "
            "the Run, or set ACCELERATE_USE_CPU=true if the device cannot be shared"
        )
