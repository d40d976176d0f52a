"""Checkpoints that are whole or absent: safetensors and JSON, written aside and then renamed.

A checkpoint is a folder named after its step, and it holds a state "shared" by all processes and one
state "process-N" for each. Text files `latest` and `best` beside it name the newest and the best.
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from gan_trainers._files import replace_text

State = Mapping[str, Any]

_MERIT = "merit"  # a file beside the states: the score, negated where a lower one is better


def write_state(folder: Path, name: str, state: State) -> None:
    """Write a nest of dicts, lists, numbers, strings and tensors as NAME.safetensors and NAME.json.

    Both are on the disk when this returns.

    Raises:
        TypeError: for a value of another kind; only plain data is stored.
    """
    tensors: dict[str, Tensor] = {}
    tree = _pack(state, name, tensors)
    save_file(tensors, folder / f"{name}.safetensors")
    (folder / f"{name}.json").write_text(json.dumps(tree), encoding="utf-8")
    for suffix in ("safetensors", "json"):
        file = folder / f"{name}.{suffix}"
        file.chmod(0o644)  # safetensors makes files that only their owner can read
        _flush(file)


def read_state(folder: Path, name: str) -> dict[str, Any]:
    """Read what `write_state` wrote. Nothing in the files is ever executed.

    Raises:
        ValueError: naming the file, if it is missing or damaged.
    """
    file = folder / f"{name}.safetensors"
    try:
        tensors = load_file(file)
        file = file.with_suffix(".json")
        return _unpack(json.loads(file.read_text("utf-8")), tensors)
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise ValueError(
            f"cannot read the checkpoint's file {file}: {error}; remove the folder {folder} to resume "
            "from the checkpoint before it"
        ) from error


def _pack(value: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    """JSON for `value`, with its tensors moved to `tensors` under the path that leads to each."""
    if isinstance(value, Tensor):
        # A copy of its own: safetensors refuses tensors that share memory, as tied weights do.
        tensors[path] = value.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
        return {"tensor": path}
    if isinstance(value, Mapping):
        return {"map": [[key, _pack(item, f"{path}.{key}", tensors)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        items = [_pack(item, f"{path}.{index}", tensors) for index, item in enumerate(value)]
        return {"tuple": items} if isinstance(value, tuple) else items
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a checkpoint holds plain data and tensors; got {type(value).__name__} at {path}")


def _unpack(tree: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(tree, list):
        return [_unpack(item, tensors) for item in tree]
    if not isinstance(tree, dict):
        return tree
    ((kind, content),) = tree.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "tuple":
        return tuple(_unpack(item, tensors) for item in content)
    return {key: _unpack(item, tensors) for key, item in content}


def _flush(path: Path) -> None:
    """Wait until `path`, a file or a folder, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
        self, step: int, shared: State, own: State, *, score: float | None = None, better: str = "higher"
    ) -> None:
        """Write the checkpoint of `step`; a failure or a kill leaves the earlier ones whole.

        Every process calls it with its `own` state; `shared` is written by the first. A step that was
        saved before is not written again, because its state is the same; its `score` is noted.

        Raises:
            OSError: if it could not be written on any process, a full disk for example.
        """
        final = self.folder / f"{step:08d}"
        merit = None if score is None else score if better == "higher" else -score
        if final.exists():
            self._everywhere(lambda: self._note(final, merit))
        else:
            aside = self.folder / f".writing-{final.name}"
            self._everywhere(lambda: self._make(aside))
            self._everywhere(lambda: self._fill(aside, shared, own, merit))
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
        return [path for path in self.folder.glob("[0-9]*") if path.is_dir()]

    def _make(self, aside: Path) -> None:
        if self._process == 0:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._clear()
            aside.mkdir()

    def _fill(self, aside: Path, shared: State, own: State, merit: float | None) -> None:
        if self._process == 0:
            write_state(aside, "shared", shared)
        write_state(aside, f"process-{self._process}", own)
        self._note(aside, merit)

    def _note(self, folder: Path, merit: float | None) -> None:
        if self._process == 0 and merit is not None:
            replace_text(folder / _MERIT, f"{merit!r}\n")

    def _rename(self, aside: Path, final: Path) -> None:
        if self._process == 0:
            _flush(aside)
            aside.rename(final)
            _flush(self.folder)

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
