"""Checkpoints that are complete or absent: written under a temporary name and then renamed.

A checkpoint is a folder named after its step. It holds one state "shared" by all processes and one state
"process-N" for each; networks.json describes how the networks are built. The text files `latest` and `best`
beside it name the newest and the best checkpoint.
"""

import json
import math
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from gan_trainers.base.atomic import atomic_write_text, flush
from gan_trainers.checkpoints._state_files import State, read_state, write_state

_NETWORKS = "networks.json"
_SCORE = "score"  # a file beside the states; negated where a lower score is better
_TEMPORARY = ".writing-"


class CheckpointFolder:
    """The checkpoints of one run: `<folder>/<step>/`, and the pointers `latest` and `best`.

    The pointers are for people. The newest and the best are found from the folders themselves, so that a
    kill between a checkpoint and its pointer loses nothing.

    Args:
        folder: of the checkpoints; created with the first one.
        process: index of this process.
        gather_messages: called by all processes with this one's error message or "", returns all messages;
            a barrier as well.
        keep: number of newest checkpoints that stay; the best one stays besides.
    """

    def __init__(
        self, folder: Path, process: int, gather_messages: Callable[[str], list[str]], keep: int = 2
    ) -> None:
        self.folder = folder
        self._process = process
        self._gather_messages = gather_messages
        self._keep = keep

    def write(
        self,
        step: int,
        shared: State,
        own: State,
        *,
        networks: State | None = None,
        score: float | None = None,
        better: str = "higher",
    ) -> None:
        """Write the checkpoint of `step`; a failure or a kill leaves the earlier ones unaffected.

        Every process calls it with its `own` state; `shared` is written by the first. A step that was saved
        before is not written again, because its state is the same; only its `score` is written.

        Args:
            step: number of the step.
            shared: state that is the same on all processes.
            own: state of this process.
            networks: plain data from which other programs load the weights without the recipe.
            score: of the weights, if any.
            better: whether a "higher" or a "lower" score is better.

        Raises:
            OSError: if it could not be written on any process, a full disk for example.
            ValueError: for an unknown `better`.
        """
        if better not in ("higher", "lower"):
            raise ValueError(f'better must be "higher" or "lower"; got {better!r}')
        final = self.folder / f"{step:08d}"
        signed = None if score is None else float(score) * (1 if better == "higher" else -1)
        # The first process decides: another may not see yet what is new on a network disk.
        if self._gather_messages("saved" if final.exists() else "")[0]:
            self._on_all_processes(lambda: self._write_score(final, signed))
        else:
            temporary = self.folder / f"{_TEMPORARY}{final.name}"
            self._on_all_processes(lambda: self._make(temporary))
            self._on_all_processes(lambda: self._fill(temporary, shared, own, networks or {}, signed))
            self._on_all_processes(lambda: self._rename(temporary, final))
        self.prune()

    def read(self, folder: Path) -> dict[str, Any]:
        """The shared state of the checkpoint `folder`.

        Raises:
            ValueError: naming the file, if it is missing or damaged.
        """
        return read_state(folder, "shared")

    def read_own(self, folder: Path, process: int) -> dict[str, Any]:
        """The state of one of the processes that wrote the checkpoint `folder`.

        Raises:
            ValueError: naming the file, if it is missing or damaged.
        """
        return read_state(folder, f"process-{process}")

    def prune(self) -> None:
        """Update the pointers and remove all but the newest and the best, also after a kill in between.

        Raises:
            OSError: if that failed.
        """
        self._on_all_processes(self._prune)

    def newest(self) -> Path | None:
        """The newest complete checkpoint, or None. A partial one never counts."""
        return max(self._complete(), default=None)

    def best(self) -> Path | None:
        """The checkpoint with the best score, the earliest of equals; None if none has a score."""
        scores = {path: score for path in self._complete() if (score := _read_score(path)) is not None}
        return max(sorted(scores), key=lambda path: scores[path], default=None)

    def damage(self) -> list[str]:
        """A sentence for each checkpoint whose score cannot be read; it is kept, and not compared."""
        return [
            f"the score of {path} is damaged or missing; the checkpoint is kept, and not compared with others"
            for path in self._without_score()
        ]

    def _without_score(self) -> list[Path]:
        """The checkpoints whose score is unreadable, or missing although they were the best."""
        pointer = self.folder / "best"
        best = pointer.read_bytes()[:100].decode(errors="replace").strip() if pointer.is_file() else None
        return [
            path
            for path in sorted(self._complete())
            if _read_score(path) is None and ((path / _SCORE).exists() or path.name == best)
        ]

    def _complete(self) -> list[Path]:
        return [path for path in self.folder.glob("[0-9]*") if path.name.isdigit() and path.is_dir()]

    def _make(self, temporary: Path) -> None:
        if self._process == 0:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._remove_partial()
            temporary.mkdir()

    def _fill(
        self, temporary: Path, shared: State, own: State, networks: State, signed_score: float | None
    ) -> None:
        if self._process == 0:
            write_state(temporary, "shared", shared)
            if networks:
                (temporary / _NETWORKS).write_text(json.dumps(networks, indent=2) + "\n", encoding="utf-8")
                flush(temporary / _NETWORKS)
        write_state(temporary, f"process-{self._process}", own)
        self._write_score(temporary, signed_score)

    def _write_score(self, folder: Path, signed_score: float | None) -> None:
        if self._process == 0 and signed_score is not None:
            atomic_write_text(folder / _SCORE, f"{signed_score!r}\n")

    def _rename(self, temporary: Path, final: Path) -> None:
        if self._process == 0:
            flush(temporary)
            temporary.rename(final)
            flush(self.folder)

    def _prune(self) -> None:
        if self._process == 0:
            newest, best = self.newest(), self.best()
            kept = [best, *self._without_score()]
            for name, path in (("latest", newest), ("best", best)):
                if path is not None:
                    atomic_write_text(self.folder / name, f"{path.name}\n")
            for old in sorted(self._complete())[: -self._keep]:
                if old not in kept:
                    # Renamed first: a kill during the removal must not leave a partial checkpoint.
                    old.rename(self.folder / f"{_TEMPORARY}{old.name}")
            self._remove_partial()

    def _remove_partial(self) -> None:
        for leftover in self.folder.glob(f"{_TEMPORARY}*"):
            shutil.rmtree(leftover)

    def _on_all_processes(self, work: Callable[[], None]) -> None:
        """Do `work` on every process; if it fails on one, all raise the same error."""
        message = ""
        try:
            work()
        except (OSError, SafetensorError) as error:
            message = str(error)
        errors = [each for each in self._gather_messages(message) if each]
        if errors:
            earlier = self.newest()
            state = (
                f"{earlier} is complete and will be resumed from" if earlier else "there is no earlier one"
            )
            raise OSError(
                f"could not save a checkpoint in {self.folder}: {errors[0]}; free disk space or allow "
                f"writing there and run the same command again ({state})"
            )


def _read_score(checkpoint: Path) -> float | None:
    """The score in a checkpoint; None if it has none, or one that cannot be read."""
    try:
        score = float((checkpoint / _SCORE).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return None if math.isnan(score) else score


@contextmanager
def explained_states(checkpoint: Path) -> Generator[None]:
    """Turn what states of unexpected content raise in the block into one sentence that names the checkpoint.

    Raises:
        ValueError: in place of an error about a key, a type or an attribute.
    """
    try:
        yield
    except (LookupError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(
            f"the checkpoint {checkpoint} is not what this program writes ({type(error).__name__}: {error}); "
            "remove that folder to resume from the one before it"
        ) from error
