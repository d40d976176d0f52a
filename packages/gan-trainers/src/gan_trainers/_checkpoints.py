"""Checkpoints that are whole or absent: written aside and then renamed.

A checkpoint is a folder named after its step, and it holds a state "shared" by all processes and one
state "process-N" for each; networks.json tells how the networks are built. Text files `latest` and `best`
beside it name the newest and the best.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError

from gan_trainers._files import flush, replace_text
from gan_trainers._states import State, write_state

_NETWORKS = "networks.json"
_MERIT = "merit"  # a file beside the states: the score, negated where a lower one is better


class Checkpoints:
    """The checkpoints of one run: `<folder>/<step>/`, and the pointers `latest` and `best`.

    The pointers are for people; what is newest and best is read from the folders themselves, so that a
    kill between a checkpoint and its pointer loses nothing.

    Args:
        folder: where they live; made when the first one is written.
        process: the number of this process, from 0.
        agree: called by all processes with this one's error message or "", returns all messages;
            a barrier as well.
        keep: how many of the newest stay; the best one stays besides.
    """

    def __init__(self, folder: Path, process: int, agree: Callable[[str], list[str]], keep: int = 2) -> None:
        self.folder = folder
        self._process = process
        self._agree = agree
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
        """Write the checkpoint of `step`; a failure or a kill leaves the earlier ones whole.

        Every process calls it with its `own` state; `shared` is written by the first. A step that was
        saved before is not written again, because its state is the same; its `score` is noted. `networks`,
        plain data, is for those who load the weights without the recipe.

        Raises:
            OSError: if it could not be written on any process, a full disk for example.
            ValueError: if `better` is neither word.
        """
        if better not in ("higher", "lower"):
            raise ValueError(f'better must be "higher" or "lower"; got {better!r}')
        final = self.folder / f"{step:08d}"
        merit = None if score is None else float(score) * (1 if better == "higher" else -1)
        if final.exists():
            self._everywhere(lambda: self._note(final, merit))
        else:
            aside = self.folder / f".writing-{final.name}"
            self._everywhere(lambda: self._make(aside))
            self._everywhere(lambda: self._fill(aside, shared, own, networks or {}, merit))
            self._everywhere(lambda: self._rename(aside, final))
        self.settle()

    def settle(self) -> None:
        """Point to the newest and the best and remove the rest, also where a kill came in between.

        Raises:
            OSError: if that could not be done.
        """
        self._everywhere(self._tidy)

    def newest(self) -> Path | None:
        """The folder of the newest whole checkpoint, or None. A half-written one never counts."""
        return max(self._whole(), default=None)

    def best(self) -> Path | None:
        """The folder of the best-scored checkpoint, the earliest of equals; None if none has a score."""
        scored = [path for path in sorted(self._whole()) if (path / _MERIT).exists()]
        return max(scored, key=lambda path: float((path / _MERIT).read_text("utf-8")), default=None)

    def _whole(self) -> list[Path]:
        return [path for path in self.folder.glob("[0-9]*") if path.name.isdigit() and path.is_dir()]

    def _make(self, aside: Path) -> None:
        if self._process == 0:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._clear()
            aside.mkdir()

    def _fill(self, aside: Path, shared: State, own: State, networks: State, merit: float | None) -> None:
        if self._process == 0:
            write_state(aside, "shared", shared)
            if networks:
                (aside / _NETWORKS).write_text(json.dumps(networks, indent=2) + "\n", encoding="utf-8")
                flush(aside / _NETWORKS)
        write_state(aside, f"process-{self._process}", own)
        self._note(aside, merit)

    def _note(self, folder: Path, merit: float | None) -> None:
        if self._process == 0 and merit is not None:
            replace_text(folder / _MERIT, f"{merit!r}\n")

    def _rename(self, aside: Path, final: Path) -> None:
        if self._process == 0:
            flush(aside)
            aside.rename(final)
            flush(self.folder)

    def _tidy(self) -> None:
        if self._process == 0:
            newest, best = self.newest(), self.best()
            for name, path in (("latest", newest), ("best", best)):
                if path is not None:
                    replace_text(self.folder / name, f"{path.name}\n")
            for old in sorted(self._whole())[: -self._keep]:
                if old != best:
                    # Renamed first: a kill in the middle of a removal must not leave half a checkpoint.
                    old.rename(self.folder / f".writing-{old.name}")
            self._clear()

    def _clear(self) -> None:
        for leftover in self.folder.glob(".writing-*"):
            shutil.rmtree(leftover)

    def _everywhere(self, work: Callable[[], None]) -> None:
        """Do `work` on every process; if it fails on one, all of them stop with the same sentence."""
        message = ""
        try:
            work()
        except (OSError, SafetensorError) as error:
            message = str(error)
        errors = [other for other in self._agree(message) if other]
        if errors:
            earlier = self.newest()
            rest = f"{earlier} is whole and will be resumed from" if earlier else "there is none before it"
            raise OSError(
                f"could not save a checkpoint in {self.folder}: {errors[0]}; make room or allow "
                f"writing there and run the same command again ({rest})"
            )
