"""The plumbing of a training run: devices, precision, processes, checkpoints, logs and previews."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object, set_seed
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import Dataset

from gan_trainers._checkpoints import Checkpoints, read_state
from gan_trainers._ema import EMA
from gan_trainers._history import History
from gan_trainers._kept import Kept
from gan_trainers._loader import Loader, send_to
from gan_trainers._precision import Precision, choose_precision, run_in
from gan_trainers._previews import write_grid
from gan_trainers._processes import average_gradients, share_batch_norm, share_weights
from gan_trainers._progress import Progress, Trackers
from gan_trainers._random import random_state, set_random_state
from gan_trainers._settings import write_settings
from gan_trainers._signals import StopSignals


class Run:
    """One training run and its folder; the loop stays the caller's.

    The folder `out` receives settings.json, scalars.jsonl, curves.png, previews/ and checkpoints/.
    On several processes (`accelerate launch --num_processes N`) each works on its own part of the
    batch, and `update` averages the gradients, so that N processes equal one with N times the batch.

    Args:
        out: the run's folder, made if it is missing.
        seed: of weights, order of the data, augmentation and noise.
        precision: "fp32", "bf16", "fp16" (GPU only), or "auto" for what `accelerate launch` says, else
            bf16 on a GPU that has it, else fp32. Networks compute in it and return float32.
        compile: compile the kept networks in place with torch.compile; keys keep their names.
        channels_last: memory layout of networks and images; None for the one that measured faster:
            channels-last in low precision, the plain one in fp32.
        accumulate: batches whose gradients are averaged into one step.
        clip: largest norm of an optimiser's gradients; None for no limit.
        settings: what to write into settings.json, such as the resolved command line.
        trackers: names of accelerate's trackers ("tensorboard", "wandb") that receive the scalars too.
        window: steps that one line of scalars.jsonl averages.
        keep_checkpoints: how many of the newest checkpoints stay, besides the best one.

    Attributes:
        step: number of the present step, from 1 inside the loop; counts on over all phases.
        device: where the kept networks are.
        is_main: whether this is the first process, the one that writes.
        processes: how many processes train together.

    Raises:
        OSError: if `out` cannot be written to.
        ValueError: for an unknown precision, or a count below 1.
    """

    def __init__(
        self,
        out: str | Path,
        *,
        seed: int = 0,
        precision: Precision = "auto",
        compile: bool = False,  # noqa: A002 - the field's word
        channels_last: bool | None = None,
        accumulate: int = 1,
        clip: float | None = None,
        settings: Mapping[str, Any] | None = None,
        trackers: tuple[str, ...] = (),
        window: int = 50,
        keep_checkpoints: int = 2,
    ) -> None:
        counts = {"accumulate": accumulate, "window": window, "keep_checkpoints": keep_checkpoints}
        for name, count in counts.items():
            if count < 1:
                raise ValueError(f"{name} must be at least 1; got {count}")
        self.out = Path(out)
        self._make_out()
        self._accelerator = Accelerator(log_with=list(trackers) or None, project_dir=self.out)
        self.device = self._accelerator.device
        self.is_main = self._accelerator.is_main_process
        self.processes = self._accelerator.num_processes
        self.step = 0

        self._process = self._accelerator.process_index
        self._seed = seed
        self._dtype = choose_precision(precision, self._accelerator)
        self._compile = compile
        plain = self._dtype is None if channels_last is None else not channels_last
        self._memory_format = torch.contiguous_format if plain else torch.channels_last
        self._accumulate = accumulate
        self._clip = clip
        self._settings = dict(settings or {})
        self._window = window

        self._kept = Kept()
        self._scalers: dict[str, torch.amp.GradScaler] = {}
        self._loaders: list[Loader] = []
        self._phases: dict[str, int] = {}
        self._phase, self._until = "", 0
        self._batch_of_step = 0  # from 0; below accumulate - 1, a step is not complete
        self._images = 0
        self._seconds_before = 0.0
        self._started: float | None = None  # when the loop began in this process
        self._best: dict[str, float] | None = None
        self._resumed = False
        self._signals = StopSignals()
        self._progress = Progress(shown=self.is_main)
        self._trackers = Trackers(self._accelerator, trackers, self._progress)
        self._history = History(self.out, self.device, writes=self.is_main)
        self._checkpoints = Checkpoints(
            self.out / "checkpoints",
            self._process,
            lambda message: gather_object([message]),
            keep_checkpoints,
        )
        set_seed(seed)  # the same everywhere while networks are built; `keep` makes it differ

    # ---------------------------------------------------------------- the verbs

    def keep(self, **objects: Any) -> None:
        """Take care of networks, optimisers, averages and whatever else has a state, each by its name.

        Networks move to the device, get their precision and layout, start from the same weights on
        every process, and share batch-norm statistics between processes. All objects are saved and
        restored: modules and optimisers once, everything else (image pools, controllers) for each process.

        Raises:
            TypeError: for an object without `state_dict` and `load_state_dict`.
            ValueError: for a name that is taken.
        """
        for name, kept in objects.items():
            self._kept.add(name, kept)
            if isinstance(kept, nn.Module):
                self._prepare(kept)
            elif isinstance(kept, Optimizer):
                self._scalers[name] = torch.amp.GradScaler(
                    self.device.type, enabled=self._dtype is torch.float16
                )
        set_seed(self._seed + 1 + self._process)  # from here on, each process draws its own noise

    def loader(
        self,
        dataset: Dataset[Any],
        batch_size: int,
        *,
        shuffle: bool = True,
        passes: int | None = None,
        workers: int = 0,
    ) -> Loader:
        """Batches of `batch_size` samples for each process, moved to the device.

        Endless and resumable by default, for `steps`; with `passes=1, shuffle=False`, one look at all
        samples each time it is iterated over, each process at its share, for evaluation. See `Loader`.
        """
        loader = Loader(
            dataset,
            batch_size,
            seed=self._seed,
            process=self._process,
            processes=self.processes,
            shuffle=shuffle,
            passes=passes,
            workers=workers,
            send=send_to(self.device, self._memory_format),
        )
        self._loaders.append(loader)
        return loader

    def resume(self) -> bool:
        """Go on from the newest checkpoint in `out`, if there is one; call it after `keep` and `loader`.

        Returns:
            Whether there was one.

        Raises:
            ValueError: if the checkpoint is damaged or is not of these networks.
        """
        self._resumed = True
        changes = write_settings(self.out, self._settings) if self.is_main else []
        folder = self._checkpoints.newest()
        if folder is None:
            self._history.rewind(0)
            return False
        self._restore(folder)
        self._progress.say(f"resuming from step {self.step} of {folder.parent}", *changes)
        return True

    def steps(self, loader: Loader, until: int, phase: str = "train") -> Iterator[Any]:
        """Batches until `until` steps of this phase are done, counted over all runs that were resumed.

        Shows the progress, writes the scalars, and on Ctrl-C or SIGTERM saves a checkpoint and exits
        after the step in hand. A phase that was finished before yields nothing.

        Args:
            loader: an endless one from `loader`.
            until: the phase's length, in steps.
            phase: its name, if a recipe has several.

        Raises:
            ValueError: if `out` holds another run's checkpoints and `resume` was not called.
            FloatingPointError: if a logged term is not a finite number.
            SystemExit: with code 128 + the signal's number, after a signal.
        """
        if not self._resumed and self._checkpoints.newest():
            raise ValueError(f"{self.out} holds a run already; call resume() or choose another folder")
        self._phases.setdefault(phase, 0)
        self._phase, self._until = phase, until
        if self._started is None:
            self._introduce()
            self._started = time.monotonic()
        done = self._phases[phase]
        with self._signals.listening(), self._progress.of_phase(phase, done, until, self._images):
            batches = iter(loader)
            while not self._phase_is_over():
                self._phases[phase] += 1
                self.step += 1
                for batch_of_step in range(self._accumulate):
                    self._batch_of_step = batch_of_step
                    self._images += loader.batch_size * self.processes
                    yield next(batches)
        self._history.draw()

    def update(self, optimizer: Optimizer, loss: Tensor) -> None:
        """Zero, backward, average over processes, clip and step, for the parameters of `optimizer` alone.

        No other parameter receives a gradient. With `accumulate=n`, the step is made by the n-th call.

        Args:
            optimizer: one that was given to `keep`.
            loss: a scalar, the mean over this process's batch.

        Raises:
            ValueError: for an optimiser that was not kept.
        """
        scaler = self._scalers[self._kept.name_of(optimizer)]
        learning = [p for group in optimizer.param_groups for p in group["params"] if p.requires_grad]
        if self._batch_of_step == 0:
            optimizer.zero_grad(set_to_none=True)
        scaler.scale(loss / self._accumulate if self._accumulate > 1 else loss).backward(inputs=learning)
        if not self._step_is_complete():
            return
        average_gradients(learning)
        if self._clip is not None:
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(learning, self._clip)
        scaler.step(optimizer)
        scaler.update()

    def set_lr(self, lr: float, *optimizers: Optimizer) -> None:
        """Set the learning rate of every parameter group of `optimizers`."""
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = lr

    def log(self, terms: Mapping[str, Tensor | float]) -> None:
        """Note scalars of this step by name; they are averaged over a window, on the device, and written."""
        self._history.add(self.step, terms)

    def every(self, steps: int) -> bool:
        """Whether this step is complete and a multiple of `steps`, or the last of the phase."""
        last = self._phases.get(self._phase) == self._until
        return self._step_is_complete() and (last or self.step % steps == 0)

    def grid(self, name: str, *columns: Tensor) -> None:
        """Write previews/NAME/STEP.png: a row for each sample, a column for each of `columns`.

        Args:
            name: a name for the folder.
            *columns: each (N, 1 or 3, H, W) in [-1, 1]; the first eight samples are shown.
        """
        if self.is_main:
            write_grid(self.out / "previews" / name / f"{self.step:08d}.png", *columns)

    def save(self, *, score: float | None = None, better: Literal["higher", "lower"] = "higher") -> None:
        """Write a checkpoint of everything kept; call it last in the loop's body.

        Args:
            score: how good the present weights are; the best-scored checkpoint is never removed.
            better: which scores are better.

        Raises:
            OSError: if it cannot be written; the one before stays whole.
            FloatingPointError: if a logged term is not finite, so that no broken weights are saved.
            ValueError: in the middle of a step, between accumulated batches.
        """
        if not self._step_is_complete():
            raise ValueError("save() in the middle of a step; call it under `if run.every(n):`")
        with self._explained():
            self._history.check()
        if score is not None and self._beats_best(score, better):
            self._best = {"step": self.step, "score": float(score)}
        best_step = None if self._best is None else int(self._best["step"])
        self._checkpoints.write(self.step, self._shared_state(), self._own_state(), best_step=best_step)
        self._history.draw()

    # ---------------------------------------------------------------- how they do it

    def _make_out(self) -> None:
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            probe = self.out / ".writable"
            probe.touch()
            probe.unlink(missing_ok=True)
        except OSError as error:
            raise OSError(f"cannot write to {self.out}: {error.strerror}; choose another folder") from error

    def _prepare(self, module: nn.Module) -> None:
        if self.processes > 1:
            share_batch_norm(module)
        module.to(self.device, memory_format=self._memory_format)  # type: ignore[call-overload]
        share_weights(module)
        if self._dtype is not None:
            run_in(module, self.device.type, self._dtype)
        if self._compile and not isinstance(module, EMA):  # an average runs too seldom to pay for it
            module.compile()

    def _step_is_complete(self) -> bool:
        return self._batch_of_step == self._accumulate - 1

    def _phase_is_over(self) -> bool:
        """What is due between two steps, then whether there is another one."""
        over = self._phases[self._phase] >= self._until
        if over or self.step % self._window == 0:
            self._close_window()
        self._progress.move_to(self._phases[self._phase])
        # On a GPU, agreeing makes the host wait for the device, so it is done once a window only.
        if self.device.type == "cpu" or self.step % self._window == 0:
            self._signals.agree(self.device)
            if self._signals.heard and not over:
                self._leave()
        return over

    def _close_window(self) -> None:
        heading = {"step": self.step, "seconds": round(self._seconds(), 2), "images": self._images}
        with self._explained():
            means = self._history.close_window(heading)
        if means:
            self._progress.show(means, self._images)
            self._trackers.log(means, self.step)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Add what to do to the error of a term that is not finite."""
        try:
            yield
        except FloatingPointError as error:
            newest = self._checkpoints.newest()
            good = f"the last good checkpoint is {newest}" if newest else "no checkpoint was written yet"
            raise FloatingPointError(
                f"{error}; {good}; try a lower learning rate, or precision fp32"
            ) from None

    def _introduce(self) -> None:
        kind = "fp32" if self._dtype is None else str(self._dtype).removeprefix("torch.")
        sizes = [
            f"{name} {sum(p.numel() for p in kept.parameters()) / 1e6:.2f} M"
            for name, kept in self._kept.modules().items()
            if not isinstance(kept, EMA)
        ]
        noun = "process" if self.processes == 1 else "processes"
        self._progress.say(
            f"{self.processes} {noun} on {self.device.type}, {kind}; parameters: {', '.join(sizes)}"
        )

    def _leave(self) -> None:
        self.save()
        self._progress.say(f"stopped after step {self.step}; the same command goes on from there")
        raise SystemExit(128 + self._signals.heard)

    def _seconds(self) -> float:
        """Time spent in the loop, over all runs that were resumed."""
        return self._seconds_before + (time.monotonic() - self._started if self._started else 0.0)

    def _beats_best(self, score: float, better: Literal["higher", "lower"]) -> bool:
        if self._best is None:
            return True
        return score > self._best["score"] if better == "higher" else score < self._best["score"]

    # ---------------------------------------------------------------- what is saved

    def _shared_state(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "phases": self._phases,
            "images": self._images,
            "seconds": self._seconds(),
            "best": self._best,
            "processes": self.processes,
            "positions": [loader.position for loader in self._loaders],
            "scalers": {name: scaler.state_dict() for name, scaler in self._scalers.items()},
            "kept": self._kept.shared_states(),
        }

    def _own_state(self) -> dict[str, Any]:
        return {
            "random": random_state(),
            "history": self._history.state_dict(),
            "kept": self._kept.own_states(),
        }

    def _restore(self, folder: Path) -> None:
        shared = read_state(folder, "shared")
        if shared["processes"] != self.processes:
            raise ValueError(
                f"{folder} was written by {shared['processes']} processes and this run has "
                f"{self.processes}; each has its own random numbers, so start as many as before"
            )
        own = read_state(folder, f"process-{self._process}")
        self._kept.load({**shared["kept"], **own["kept"]}, folder)
        for name, scaler in self._scalers.items():
            scaler.load_state_dict(shared["scalers"][name])
        for loader, position in zip(self._loaders, shared["positions"], strict=True):
            loader.position = position
        self.step, self._images, self._best = shared["step"], shared["images"], shared["best"]
        self._phases = shared["phases"]
        self._seconds_before = shared["seconds"]
        self._history.load_state_dict(own["history"])
        self._history.rewind(self.step)
        self._checkpoints.settle(self.step, None if self._best is None else int(self._best["step"]))
        set_random_state(own["random"])
