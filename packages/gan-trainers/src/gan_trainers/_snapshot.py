"""All that a checkpoint holds, so that a resumed run equals an uninterrupted one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gan_trainers._history import History
from gan_trainers._kept import Kept
from gan_trainers._loader import Loader
from gan_trainers._networks import describe
from gan_trainers._position import Position
from gan_trainers._random import random_state, set_random_state
from gan_trainers._updates import Updates

State = dict[str, Any]


class Snapshot:
    """The states of a run's parts: those that all processes share, and those of this one alone."""

    def __init__(
        self,
        kept: Kept,
        loaders: list[Loader],
        updates: Updates,
        position: Position,
        history: History,
        processes: int,
    ) -> None:
        self._kept = kept
        self._loaders = loaders
        self._updates = updates
        self._position = position
        self._history = history
        self._processes = processes
        self._random: State | None = None

    def shared(self) -> State:
        """What is the same on every process."""
        return {
            "processes": self._processes,
            "position": self._position.state_dict(),
            "loaders": [loader.position for loader in self._loaders],
            "updates": self._updates.state_dict(),
            "kept": self._kept.shared_states(),
        }

    def own(self) -> State:
        """What this process has for itself."""
        return {
            "random": random_state(),
            "history": self._history.state_dict(),
            "kept": self._kept.own_states(),
        }

    def networks(self) -> State:
        """How others than the recipe can load the networks from what `shared` gave."""
        return describe(self._kept.modules(), weights="shared.safetensors", prefix="shared.kept.")

    def check(self, shared: Mapping[str, Any], folder: Path) -> None:
        """Make sure that this program is built as the one was that wrote the checkpoint `folder`.

        Raises:
            ValueError: for another number of processes or of loaders.
        """
        if shared["processes"] != self._processes:
            raise ValueError(
                f"{folder} was written by {shared['processes']} processes and this run has "
                f"{self._processes}; each has its own random numbers, so start as many as before"
            )
        if len(shared["loaders"]) != len(self._loaders):
            raise ValueError(
                f"{folder} knows the positions of {len(shared['loaders'])} loaders and this run has "
                f"{len(self._loaders)}; make the same ones as before, and before resume()"
            )

    def restore(self, shared: Mapping[str, Any], own: Mapping[str, Any], folder: Path) -> None:
        """Restore what `shared` and `own` gave, but for the random numbers; `folder` is for the errors.

        Raises:
            ValueError: if the kept objects are others than those of the checkpoint.
        """
        self._kept.load({**shared["kept"], **own["kept"]}, folder)
        self._updates.load_state_dict(shared["updates"])
        for loader, position in zip(self._loaders, shared["loaders"], strict=True):
            loader.position = position
        self._position.load_state_dict(shared["position"])
        self._history.load_state_dict(own["history"])
        self._random = own["random"]

    def restore_random(self) -> None:
        """Restore the random numbers of the checkpoint, if there was one."""
        if self._random is not None:
            set_random_state(self._random)
