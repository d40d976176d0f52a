"""The plumbing of a training run: devices, precision, processes, checkpoints, logs and previews."""

import atexit
import math
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

from gan_trainers._checkpoints import Checkpoints
from gan_trainers._ema import EMA
from gan_trainers._files import writing
from gan_trainers._history import History
from gan_trainers._kept import Kept
from gan_trainers._loader import Loader, send_to
from gan_trainers._position import Position
from gan_trainers._precision import AUTOCAST_TYPES, Precision, choose_precision, run_in
from gan_trainers._previews import write_grid
from gan_trainers._processes import leave_group, share_batch_norm, share_weights, use_all_cores
from gan_trainers._progress import Progress
from gan_trainers._settings import write_settings
from gan_trainers._signals import StopSignals
from gan_trainers._snapshot import Snapshot
from gan_trainers._states import read_state
from gan_trainers._trackers import Trackers
from gan_trainers._updates import Updates


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
        accumulate: batches whose gradients are averaged into one step. Where one player learns before the
            other, all batches but the last meet it as it was before its step. What is due once a step, such
            as `EMA.update`, goes under `if run.every(1)`.
        clip: largest norm of an optimiser's gradients; None for no limit.
        settings: what to write into settings.json, such as the resolved command line.
        trackers: names of accelerate's trackers ("tensorboard", "wandb") that receive the scalars too.
        window: steps that one line of scalars.jsonl averages.
        keep_checkpoints: how many of the newest checkpoints stay, besides the best one.

    Attributes:
        device: where the kept networks are.
        is_main: whether this is the first process, the one that writes.
        processes: how many processes train together.

    Raises:
        OSError: if `out` cannot be written to.
        ValueError: for an unknown precision, a count below 1 or a `clip` that is not above 0.
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
        if clip is not None and not clip > 0:
            raise ValueError(f"clip must be above 0, or None for no limit; got {clip}")
        self.out = Path(out)
        self._make_out()
        accelerator = Accelerator(project_dir=self.out)
        self.device = accelerator.device
        self.is_main = accelerator.is_main_process
        self.processes = accelerator.num_processes
        if self.device.type == "cpu":
            use_all_cores()

        self._process = accelerator.process_index
        self._seed = seed
        self._precision = choose_precision(precision, accelerator)
        dtype = AUTOCAST_TYPES[self._precision]
        self._compile = compile
        plain = dtype is None if channels_last is None else not channels_last
        self._memory_format = torch.contiguous_format if plain else torch.channels_last
        self._accumulate = accumulate
        self._settings = dict(settings or {})
        self._window = window

        self._kept = Kept()
        self._loaders: list[Loader] = []
        self._updates = Updates(self.device, dtype, clip)
        self._position = Position(accumulate)
        self._resumed = False
        self._begun = False
        self._signals = StopSignals()
        self._progress = Progress(shown=self.is_main)
        self._trackers = Trackers(accelerator, trackers, self.out, self._progress.say)
        self._history = History(self.out, self.device, writes=self.is_main)
        self._checkpoints = Checkpoints(
            self.out / "checkpoints",
            self._process,
            lambda message: gather_object([message]),
            keep_checkpoints,
        )
        self._snapshot = Snapshot(
            self._kept, self._loaders, self._updates, self._position, self._history, self.processes
        )
        atexit.register(leave_group)
        set_seed(seed)  # the same everywhere while networks are built; `keep` makes it differ

    @property
    def step(self) -> int:
        """Number of the present step, from 1 inside the loop; it counts on over all phases."""
        return self._position.step

    # ---------------------------------------------------------------- the verbs

    def keep(self, **objects: Any) -> None:
        """Take care of networks, optimisers, averages and whatever else has a state, each by its name.

        Networks move to the device, get their precision and layout, start from the same weights on
        every process, and share batch-norm statistics between processes. All objects are saved and
        restored: modules and optimisers once, everything else (image pools, controllers) for each process.

        Raises:
            TypeError: for an object without `state_dict` and `load_state_dict`.
            ValueError: for a name that is taken, or a normalisation that processes cannot share.
        """
        for name, kept in objects.items():
            self._kept.add(name, kept)
            if isinstance(kept, nn.Module):
                self._prepare(kept)
            elif isinstance(kept, Optimizer):
                self._updates.add(name)
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

        Raises:
            ValueError: if the dataset is empty or `batch_size` is not positive.
        """
        loader = Loader(
            dataset,
            batch_size,
            # Each its own, or sample n of one would always meet sample n of another.
            seed=self._seed + 1_000_000_007 * len(self._loaders),
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
            ValueError: if the checkpoint is damaged or is not of this recipe.
        """
        self._resumed = True
        folder = self._checkpoints.newest()
        if folder is not None:
            shared = read_state(folder, "shared")
            self._snapshot.check(shared, folder)
            self._snapshot.restore(shared, read_state(folder, f"process-{self._process}"), folder)
            self._checkpoints.settle()
        self._history.rewind(self.step)
        changes = write_settings(self.out, self._settings) if self.is_main else []
        if folder is not None:
            self._progress.say(f"resuming from step {self.step} of {folder.parent}", *changes)
        return folder is not None

    def steps(self, loader: Loader, until: int, phase: str = "train") -> Iterator[Any]:
        """Batches until `until` steps of this phase are done, counted over all runs that were resumed.

        Shows the progress, writes the scalars, and on Ctrl-C or SIGTERM saves a checkpoint and exits
        after the step in hand. A phase that was finished before yields nothing.

        Args:
            loader: an endless one from `loader`.
            until: the phase's length, in steps.
            phase: its name, if a recipe has several.

        Raises:
            ValueError: if `loader` is not endless, if `out` holds another run's checkpoints and `resume` was
                not called, or if the phase is longer now that one after it has begun.
            FloatingPointError: if a logged term is not a finite number.
            SystemExit: with code 128 + the signal's number, after a signal.
        """
        if not loader.endless:
            raise ValueError(
                "steps() needs an endless loader; got one with `passes`, which is for evaluation"
            )
        position = self._position
        if position.done(phase) >= until and phase != position.phase:
            return  # it was over before the phase of the checkpoint began
        if not self._begun:
            if phase != position.phase and position.done(phase):
                raise ValueError(
                    f"phase '{phase}' was over after {position.done(phase)} steps and cannot have {until}, "
                    f"since '{position.phase}' has begun; give the number of before, or choose another folder"
                )
            self._begin()
        position.enter(phase, until)
        with (
            self._signals.listening(),
            self._progress.of_phase(phase, position.done(phase), until, position.images),
        ):
            batches = iter(loader)
            while self._goes_on():
                for _ in position.batches_of_step(loader.batch_size * self.processes):
                    yield next(batches)
        self._history.draw()

    def update(self, optimizer: Optimizer, loss: Tensor) -> None:
        """Zero, backward, average over processes, clip and step, for the parameters of `optimizer` alone.

        No other parameter receives a gradient. With `accumulate=n`, it is called once in each batch and makes
        the step in the n-th.

        Args:
            optimizer: one that was given to `keep`.
            loss: a scalar, the mean over this process's batch.

        Raises:
            ValueError: for an optimiser that was not kept, or whose parameters are all frozen; or for a
                second call in one of several accumulated batches.
        """
        self._updates.make(
            self._kept.name_of(optimizer),
            optimizer,
            loss / self._accumulate,
            step=self._position.step,
            batch=self._position.batch,
            batches=self._accumulate,
        )

    def set_lr(self, lr: float, *optimizers: Optimizer) -> None:
        """Set the learning rate of every parameter group of `optimizers`."""
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = lr

    def log(self, terms: Mapping[str, Tensor | float]) -> None:
        """Note scalars of this step by name; they are averaged over a window, on the device, and written.

        Every process logs the same names, since the averages go over processes too.

        Raises:
            ValueError: for a tensor of more than one element.
        """
        self._history.add(self.step, terms)

    def every(self, steps: int) -> bool:
        """Whether this step is complete and a multiple of `steps`, or the last of the phase.

        Raises:
            ValueError: if `steps` is below 1.
        """
        if steps < 1:
            raise ValueError(f"every() needs at least 1 step; got {steps}")
        position = self._position
        return position.step_is_complete and (position.phase_is_over or self.step % steps == 0)

    def grid(self, name: str, *columns: Tensor) -> None:
        """Write previews/NAME/STEP.png: a row for each sample, a column for each of `columns`.

        Args:
            name: a name for the folder.
            *columns: each (N, 1 or 3, H, W) in [-1, 1]; the first eight samples are shown.

        Raises:
            OSError: if it cannot be written.
            ValueError: if there is nothing to show or the columns do not fit together.
        """
        if self.is_main:
            file = self.out / "previews" / name / f"{self.step:08d}.png"
            with writing(file):
                write_grid(file, *columns)

    def save(self, *, score: float | None = None, better: Literal["higher", "lower"] = "higher") -> None:
        """Write a checkpoint of everything kept; call it last in the loop's body.

        Args:
            score: how good the present weights are; the best-scored checkpoint is never removed.
            better: which scores are better.

        Raises:
            OSError: if it cannot be written; the one before stays whole.
            FloatingPointError: if a logged term or a weight is not finite, or the score is no number, so that
                no broken weights are saved.
            ValueError: in the middle of a step, between accumulated batches; or `better` is neither word.
        """
        if not self._position.step_is_complete:
            raise ValueError("save() in the middle of a step; call it under `if run.every(n):`")
        with self._explained():
            self._history.check()
            self._kept.check(self.step)
            if score is not None and math.isnan(score):
                raise FloatingPointError(f"the score became {score} at step {self.step}")
        self._checkpoints.write(
            self.step,
            self._snapshot.shared(),
            self._snapshot.own(),
            networks=self._snapshot.networks(),
            score=score,
            better=better,
        )
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
        dtype = AUTOCAST_TYPES[self._precision]
        if dtype is not None:
            run_in(module, self.device.type, dtype)
        if self._compile and not isinstance(module, EMA):  # an average runs too seldom to pay for it
            module.compile()

    def _begin(self) -> None:
        """What is due once, before the first step of this program."""
        self._begun = True
        if not self._resumed:
            if self._checkpoints.newest():
                raise ValueError(f"{self.out} holds a run already; call resume() or choose another folder")
            self.resume()
        self._snapshot.restore_random()  # only now, so that nothing drawn since `resume` can shift it
        sizes = [
            f"{name} {sum(p.numel() for p in kept.parameters()) / 1e6:.2f} M"
            for name, kept in self._kept.modules().items()
            if not isinstance(kept, EMA)
        ]
        noun = "process" if self.processes == 1 else "processes"
        self._progress.say(
            f"{self.processes} {noun} on {self.device.type}, {self._precision}; "
            f"parameters: {', '.join(sizes)}"
        )

    def _goes_on(self) -> bool:
        """What is due between two steps, then whether there is another one."""
        position = self._position
        window_ends = self.step % self._window == 0
        if position.phase_is_over or window_ends:
            self._close_window()
        self._progress.move_to(position.done(position.phase))
        # Several GPUs would have to wait for their work to agree, so they do it once a window only.
        if self.processes == 1 or self.device.type == "cpu" or window_ends:
            self._signals.agree(self.device)
            if self._signals.heard and not position.phase_is_over:
                self._leave()
        return not position.phase_is_over

    def _close_window(self) -> None:
        images = self._position.images
        heading = {"step": self.step, "seconds": round(self._position.seconds, 2), "images": images}
        with self._explained():
            means = self._history.close_window(heading)
        if means:
            self._progress.show(means, images)
            self._trackers.log(means, self.step)

    def _leave(self) -> None:
        self.save()
        self._progress.say(f"stopped after step {self.step}; the same command goes on from there")
        raise SystemExit(128 + self._signals.heard)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Add what to do to the error of a number that is not finite."""
        try:
            yield
        except FloatingPointError as error:
            newest = self._checkpoints.newest()
            good = f"the last good checkpoint is {newest}" if newest else "no checkpoint was written yet"
            raise FloatingPointError(
                f"{error}; {good}; try a lower learning rate, or precision fp32"
            ) from None
