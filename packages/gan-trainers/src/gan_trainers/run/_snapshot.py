"""Everything a checkpoint holds, so that a resumed run equals an uninterrupted one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gan_trainers.checkpoints.descriptions import describe
from gan_trainers.logs.scalars import ScalarLog
from gan_trainers.run._counters import Counters
from gan_trainers.run._elastic import (
    check_nothing_of_each_process,
    check_samples_in_a_step,
    mean_window,
    samples_in_a_step,
)
from gan_trainers.run._optimizer_modes import OptimizerModes
from gan_trainers.run._optimizer_steps import OptimizerSteps
from gan_trainers.run._registered import Registered
from gan_trainers.run.loader import Loader
from gan_trainers.run.stream_loader import StreamLoader
from gan_trainers.training.random import random_digest, random_state, set_random_state

State = dict[str, Any]


class Snapshot:
    """The states of a run's parts: those that all processes share, and those of this process."""

    def __init__(
        self,
        registered: Registered,
        loaders: list[Loader | StreamLoader],
        optimizer_steps: OptimizerSteps,
        optimizer_modes: OptimizerModes,
        counters: Counters,
        scalars: ScalarLog,
        processes: int,
        process: int,
        accumulate: int,
    ) -> None:
        self._registered = registered
        self._loaders = loaders
        self._optimizer_steps = optimizer_steps
        self._optimizer_modes = optimizer_modes
        self._counters = counters
        self._scalars = scalars
        self._processes = processes
        self._process = process
        self._accumulate = accumulate
        self._reasons: list[str] = []
        self._random: State | None = None
        self._drew = False  # whether steps drew from the global generators, before this program began its own
        self._digest_at_first: str | None = None

    def need_same_processes(self, reason: str) -> None:
        """Refuse to restore what another number of processes wrote, for a reason in words."""
        self._reasons.append(reason)

    def shared(self) -> State:
        """The state that is the same on every process; the optimizers are in evaluation mode."""
        return {
            "processes": self._processes,
            "counters": self._counters.state_dict(),
            "samples": [loader.position for loader in self._loaders],
            "samples_in_a_step": samples_in_a_step(self._loaders, self._accumulate),
            "optimizer_steps": self._optimizer_steps.state_dict(),
            "training_weights": self._optimizer_modes.state_dict(),
            "hyperparameters": self._registered.hyperparameters(),
            "registered": self._registered.shared_states(),
        }

    def own(self) -> State:
        """The state of this process."""
        return {
            "random": random_state(),
            "drew": self._drew or self._digest_at_first not in (None, random_digest()),
            "scalars": self._scalars.state_dict(),
            "streams": {name: stream.state_dict() for name, stream in self._streams().items()},
            "registered": self._registered.own_states(),
        }

    def networks(self) -> State:
        """Descriptions with which other programs load the networks from the result of `shared`."""
        modules = self._registered.modules()
        return describe(modules, weights="shared.safetensors", prefix="shared.registered.")

    def check(self, shared: Mapping[str, Any], folder: Path) -> None:
        """Make sure that this program is built like the one that wrote the checkpoint `folder`.

        Raises:
            ValueError: for another number of loaders, or of processes if their batches differ too.
        """
        loaders = len(shared["samples"])
        if loaders != len(self._loaders):
            raise ValueError(
                f"{folder} holds the positions of {loaders} loaders and this run has "
                f"{len(self._loaders)}; make the same loaders as before, before resume()"
            )
        if shared["processes"] != self._processes:
            check_samples_in_a_step(shared, self._loaders, self._processes, self._accumulate, folder)

    def writers(self, shared: Mapping[str, Any]) -> Sequence[int]:
        """The processes whose own states this process restores: its own, or all if their number changed."""
        before = shared["processes"]
        return [self._process] if before == self._processes else range(before)

    def restore(self, shared: Mapping[str, Any], own: Sequence[Mapping[str, Any]], folder: Path) -> list[str]:
        """Restore the results of `shared` and `own`, except the random numbers.

        Args:
            shared: the state of all processes.
            own: the states of the `writers`.
            folder: the checkpoint, for error messages.

        Returns:
            What changed since then and takes effect, such as hyperparameters of optimizers.

        Raises:
            ValueError: if the registered objects differ from those of the checkpoint, or if another number
                of processes cannot continue it.
        """
        if shared["processes"] != self._processes:
            names = self._registered.shared_names()
            check_nothing_of_each_process(own, names, self._reasons, folder, self._processes)
        states = {**shared["registered"], **own[0]["registered"]}
        changes = self._registered.load(states, shared["hyperparameters"], folder)
        self._optimizer_steps.load_state_dict(shared["optimizer_steps"])
        self._optimizer_modes.load_state_dict(shared["training_weights"])
        self._resume_streams(own[0]["streams"], folder)
        for loader, samples in zip(self._loaders, shared["samples"], strict=True):
            loader.position = samples
        changes += self._changed_processes(shared)
        self._counters.load_state_dict(shared["counters"])
        self._scalars.load_state_dict(mean_window([each["scalars"] for each in own]))
        self._drew = own[0]["drew"]
        if shared["processes"] == self._processes:
            self._random = own[0]["random"]
        return changes

    def _streams(self) -> dict[str, StreamLoader]:
        """Those of the loaders, by their places among them."""
        numbered = enumerate(self._loaders)
        return {str(number): loader for number, loader in numbered if isinstance(loader, StreamLoader)}

    def _resume_streams(self, states: State, folder: Path) -> None:
        streams = self._streams()
        if states.keys() != streams.keys():
            raise ValueError(
                f"{folder} holds the positions of {len(states)} streams and this run has {len(streams)}, or "
                "in another order; make the same loaders and streams as before, before resume()"
            )
        for name, stream in streams.items():
            stream.load_state_dict(states[name])

    def _changed_processes(self, shared: Mapping[str, Any]) -> list[str]:
        now = {"processes": self._processes}
        now["samples in a step"] = max(samples_in_a_step(self._loaders, self._accumulate), default=0)
        before = {"processes": shared["processes"]}
        before["samples in a step"] = max(shared["samples_in_a_step"], default=0)
        return [
            f"{name}: {before[name]} -> {now[name]}" for name in now if before[name] not in (0, now[name])
        ]

    def restore_random(self) -> None:
        """Restore the random numbers of the checkpoint, if there was one, right before the first step."""
        if self._random is not None:
            set_random_state(self._random)
        self._digest_at_first = random_digest()
