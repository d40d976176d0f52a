"""A training run: devices, precision, processes, checkpoints, logs and previews around the caller's loop."""

import atexit
import math
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch
from accelerate.utils import set_seed
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import Dataset

from gan_trainers.base.allocator import keep_freed_memory
from gan_trainers.base.atomic import explained_os_errors
from gan_trainers.base.distributed import leave_group, use_all_cores
from gan_trainers.base.waiting import from_first, gather, this_process, together
from gan_trainers.checkpoints.folder import CheckpointFolder, explained_states
from gan_trainers.logs.previews import write_grid
from gan_trainers.logs.scalars import ScalarLog
from gan_trainers.logs.trackers import Trackers, check_trackers
from gan_trainers.run._accelerate_settings import check_accelerate_settings, follow_notebook_launcher
from gan_trainers.run._compile_mode import check_compile_mode, uses_cuda_graphs
from gan_trainers.run._counters import Counters
from gan_trainers.run._draws import Draws
from gan_trainers.run._dynamo import defer_dynamo
from gan_trainers.run._folder import claim_folder
from gan_trainers.run._networks import Preparation
from gan_trainers.run._optimizer_modes import OptimizerModes
from gan_trainers.run._optimizer_steps import OptimizerSteps
from gan_trainers.run._processes import join_processes
from gan_trainers.run._progress_bar import ProgressBar
from gan_trainers.run._registered import Registered
from gan_trainers.run._settings import changed_settings, write_settings
from gan_trainers.run._sharding import check_average, check_optimizer, check_owners, shard_
from gan_trainers.run._signals import StopSignals
from gan_trainers.run._snapshot import Snapshot, State
from gan_trainers.run._summary import summary
from gan_trainers.run.layout import Layout
from gan_trainers.run.loader import Loader, send_to
from gan_trainers.run.precision import AUTOCAST_TYPES, Precision, choose_precision
from gan_trainers.run.stream_loader import StreamLoader
from gan_trainers.training.ema import EMA

T = TypeVar("T")


class Run:
    """One training run and its folder; the loop stays the caller's.

    The folder `out` receives settings.json, scalars.jsonl, curves.png, previews/ and checkpoints/.
    With several processes (`accelerate launch --num_processes N`) each process trains on its own part of the
    batch and `update` averages the gradients, so that N processes equal one with N times the batch.

    Args:
        out: the run's folder, created if missing.
        seed: of weights, data order, augmentation and noise.
        precision: "fp32", "bf16", "fp16" (GPU only), or "auto": the mixed precision of `accelerate launch`,
            else bf16 on a GPU that has it and on a processor with AMX, else fp32. Networks compute in it and
            return float32.
        compile: compile the registered networks in place with torch.compile; keys keep their names. A text
            is one of its modes, such as "reduce-overhead" (CUDA graphs).
        channels_last: memory layout of networks and images; None for the one that measured faster: on a GPU
            channels-last in low precision, on a CPU what the registered networks prefer (see `Layout`).
        accumulate: batches whose gradients are averaged into one step. If one player learns before the
            other, all batches but the last see it as it was before its step. What is due once per step,
            such as `EMA.update`, goes under `if run.every(1)`.
        activation_checkpointing: registered networks that can, such as the deep generators of gan-nets,
            recompute their activations in the backward pass: less memory, more time, the same results.
        clip: largest norm of an optimizer's gradients; None for no limit.
        settings: what settings.json records, such as the options.
        trackers: names of accelerate's trackers ("tensorboard", "wandb") that receive the scalars too.
        window: steps averaged in one line of scalars.jsonl, at most; a `save` ends it.
        keep_checkpoints: number of newest checkpoints that are kept, besides the best one.
        quiet: print no progress; what is damaged or fails is still printed.

    Attributes:
        device: of the registered networks.
        is_main: whether this is the first process, the one that writes.
        processes: number of processes that train together.
        settings: what settings.json will record; values that are known late, such as the number of steps,
            can be added until `resume`.

    Raises:
        OSError: if `out` cannot be written to, is used by another run, or is not the same folder for all
            processes; `ConnectionError` if another process ended or does not answer.
        ValueError: for an unknown precision or tracker, a count below 1, or a `clip` that is not above 0; for
            a compile mode that torch does not know, or that means nothing on the device; for a setting of
            accelerate that a run does not follow; or if the launcher, accelerate and the devices do not agree
            about the processes.

    Examples:
        >>> run = Run("runs/first", quiet=True)
        >>> net = torch.nn.Linear(2, 1)
        >>> optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        >>> run.register(net=net, optimizer=optimizer)
        >>> loader = run.loader(torch.rand(16, 2), batch_size=4)
        >>> run.resume()  # does nothing in a new folder
        False
        >>> for batch in run.steps(loader, until=3):
        ...     loss = net(batch).square().mean()
        ...     run.update(optimizer, loss)
        ...     run.log({"loss": loss})
        >>> run.step
        3
    """

    def __init__(
        self,
        out: str | Path,
        *,
        seed: int = 0,
        precision: Precision = "auto",
        compile: bool | str = False,  # noqa: A002 - the field's word
        channels_last: bool | None = None,
        accumulate: int = 1,
        activation_checkpointing: bool = False,
        clip: float | None = None,
        settings: Mapping[str, Any] | None = None,
        trackers: tuple[str, ...] = (),
        window: int = 50,
        keep_checkpoints: int = 2,
        quiet: bool = False,
    ) -> None:
        counts = {"accumulate": accumulate, "window": window, "keep_checkpoints": keep_checkpoints}
        for name, count in counts.items():
            if count < 1:
                raise ValueError(f"{name} must be at least 1; got {count}")
        if clip is not None and not clip > 0:
            raise ValueError(f"clip must be above 0, or None for no limit; got {clip}")
        if compile and activation_checkpointing:
            raise ValueError(
                "expected compile or activation_checkpointing; got both; leave one out, since torch.compile "
                "chooses itself what to recompute"
            )
        check_trackers(trackers)
        compile_mode: str | None = ("default" if compile is True else compile) or None
        check_accelerate_settings(accumulate, compile_mode)
        follow_notebook_launcher()
        defer_dynamo()
        self.out = Path(out)
        accelerator = join_processes(self.out)
        self.device = accelerator.device
        if compile_mode is not None:
            check_compile_mode(compile_mode, self.device)
        self._cuda_graphs = compile_mode is not None and uses_cuda_graphs(compile_mode, self.device)
        self._precision = choose_precision(precision, accelerator)
        self.is_main = accelerator.is_main_process
        self.processes = accelerator.num_processes
        if self.device.type == "cpu":
            use_all_cores()
            keep_freed_memory()

        self._progress = ProgressBar(shown=self.is_main, quiet=quiet)
        self._progress.warn(*claim_folder(self.out, self))
        self._process = accelerator.process_index
        self._seed = seed
        dtype = AUTOCAST_TYPES[self._precision]
        low_precision = dtype is not None
        self._layout = Layout(self.device, low_precision=low_precision, channels_last=channels_last)
        self._draws = Draws(seed, self.device, self._process, self.processes, accumulate)
        self._preparation = Preparation(
            self.device, dtype, compile_mode, activation_checkpointing, self._draws.draw
        )
        self._checkpointed_parts = 0
        self._accumulate = accumulate
        self.settings = dict(settings or {})
        self._computation = {
            "device": self.device.type,
            "processes": self.processes,
            "precision": self._precision,
        }
        self._window = window

        self._registered = Registered()
        self._fixed: tuple[nn.Module, ...] = ()  # networks that are prepared and not saved
        self._loaders: list[Loader | StreamLoader] = []
        self._optimizer_steps = OptimizerSteps(self.device, dtype, clip)
        self._optimizer_modes = OptimizerModes()
        self._counters = Counters(accumulate)
        self._resumed = False
        self._begun = False
        self._signals = StopSignals()
        self._trackers = Trackers(accelerator, trackers, self.out, self._progress.warn)
        self._scalars = ScalarLog(self.out, self.device, writes=self.is_main)
        self._checkpoints = CheckpointFolder(
            self.out / "checkpoints", self._process, gather, keep_checkpoints
        )
        self._snapshot = Snapshot(
            self._registered,
            self._loaders,
            self._optimizer_steps,
            self._optimizer_modes,
            self._counters,
            self._scalars,
            self.processes,
            self._process,
            accumulate,
        )
        atexit.register(leave_group)
        set_seed(seed)  # the same on all processes while networks are built; `register` makes it differ

    @property
    def step(self) -> int:
        """Number of the current step, from 1 inside the loop; it continues over all phases."""
        return self._counters.step

    # ---------------------------------------------------------------- the verbs

    def register(self, **objects: Any) -> None:
        """Register networks, optimizers, averages and any other object with a state, each by its name.

        Networks move to the device, get their precision and layout, start from the same weights on every
        process, and share batch-norm statistics between processes. All objects are saved and restored:
        modules, optimizers, and objects whose attribute `same_on_every_process` is true (`ImagePool`) once,
        all others for each process. Optimizers with the methods `train` and `eval`, such as schedulefree's,
        are put into the right mode by the run: see `averaged_weights`.

        Raises:
            TypeError: for an object without `state_dict` and `load_state_dict`.
            ValueError: for a name that is taken, a normalization that processes cannot share, or an optimizer
                whose step needs a closure.
        """
        for name, registered in objects.items():
            self._registered.add(name, registered)
            if isinstance(registered, nn.Module):
                self._checkpointed_parts += self._preparation.prepare_(registered)
                if isinstance(registered, EMA):
                    check_average(name, registered)
            elif isinstance(registered, Optimizer):
                check_optimizer(name, registered)
                self._optimizer_steps.add(name, registered)
                self._optimizer_modes.add(name, registered)
        self._lay_out()
        set_seed(self._seed + 1 + self._process)  # from here on, each process draws its own noise

    def shard(self, *networks: nn.Module, parts: Iterable[nn.Module] = ()) -> None:
        """Shard networks over the processes, for those whose training does not fit on one device.

        Each process then holds a shard of each parameter, of its gradient and of the optimizer's state; they
        are gathered for the forward and the backward pass (torch's FSDP2; Rajbhandari et al. 2020, ZeRO,
        stage 3). The weights learned are those of whole networks, except that a parameter that no process
        used has the gradient 0 instead of none. Call it before the optimizers are made, and before
        `register`; averages are made before, and passed too. With one process it does nothing.

        Checkpoints are those of whole networks: `gan_nets.load` opens them, and a run can resume with other
        networks sharded, or none. Call a sharded network itself, no other method of it, and it and its parts
        equally often on every process, also to evaluate it.

        Args:
            *networks: networks in training, and averages; each must fit on the device once.
            parts: parts of the networks, such as blocks, that are gathered one at a time, besides layers of a
                million parameters or more. A part's parameters must be used in its own forward only. An
                average has those of its network.

        Raises:
            ValueError: together with `compile`, activation checkpointing or fp16; for a network that is
                registered or sharded already, a part of no network, or a torch that is too old. Later: for a
                gradient penalty of a sharded network, whose second derivatives torch cannot compute; and for
                an optimizer that averages weights itself.

        Examples:
            >>> run = Run("sharded", quiet=True)
            >>> net = torch.nn.Linear(2, 1)
            >>> ema = EMA(net, half_life=100)
            >>> run.shard(net, ema)
            >>> optimizer = torch.optim.Adam(net.parameters())
            >>> run.register(net=net, ema=ema, optimizer=optimizer)
        """
        for name, used in (
            ("compile", self._preparation.compile_mode is not None),
            ("activation_checkpointing", self._preparation.activation_checkpointing),
            ("fp16", self._precision == "fp16"),
        ):
            if used:
                raise ValueError(f"shard() does not work together with {name}; leave one of them out")
        if registered := set(networks) & set(self._registered.modules().values()):
            names = ", ".join(type(network).__name__ for network in registered)
            raise ValueError(f"{names} is registered already; call shard() before register()")
        if self.processes > 1:
            shard_(networks, set(parts), self.device)

    def prepare(self, *networks: nn.Module) -> None:
        """Give networks that do not learn the device, the precision and the layout of the run.

        For the features of a perceptual loss. They are not saved: whoever resumes builds them again.

        Raises:
            ValueError: for a network with parameters to train, which would not be saved.

        Examples:
            >>> run = Run("prepared")
            >>> features = torch.nn.Conv2d(3, 8, 3).requires_grad_(False)
            >>> run.prepare(features)
        """
        for network in networks:
            if any(parameter.requires_grad for parameter in network.parameters()):
                raise ValueError(
                    f"prepare() expected a frozen network; {type(network).__name__} has parameters to train; "
                    "register() it, or call requires_grad_(False) before"
                )
            self._preparation.prepare_(network)
        self._fixed += networks
        self._lay_out()

    def _lay_out(self) -> None:
        self._layout.apply_([*self._registered.modules().values(), *self._fixed])

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

        Endless and resumable by default, for `steps`. With `passes=1, shuffle=False`, each iteration goes
        once over all samples, for evaluation; each process takes its share. See `Loader`.

        Raises:
            ValueError: if the dataset is empty, or can only be iterated; or if `batch_size` is not positive.
        """
        loader = Loader(
            dataset,
            batch_size,
            seed=self._loader_seed(),
            process=self._process,
            processes=self.processes,
            shuffle=shuffle,
            passes=passes,
            workers=workers,
            send=send_to(self.device, self._layout),
        )
        self._loaders.append(loader)
        return loader

    def stream(
        self,
        stream: Iterable[Any],
        batch_size: int,
        *,
        shuffle: int = 256,
        transform: Callable[[Any], Any] | None = None,
        workers: int = 0,
        divided: bool = False,
    ) -> StreamLoader:
        """Endless batches of samples that can only be read one after the other, moved to the device.

        For `steps`, as the result of `loader` is, and resumable to the sample. See `StreamLoader`.

        Args:
            stream: an iterable, such as a streaming dataset of Hugging Face's `datasets`.
            batch_size: samples in a batch of one process.
            shuffle: samples that are in memory at once, and shuffled; 1 keeps the stream's order.
            transform: from a sample of the stream to what is collated, such as `gan_data.ImageTransform`.
            workers: 1 reads ahead in another process, 0 reads in this one.
            divided: whether this process's stream has other samples than those of the other processes. Then
                the run resumes on as many processes only.

        Raises:
            ValueError: if `batch_size` or `shuffle` is not positive, or for other `workers`.

        Examples:
            >>> run = Run("streamed")
            >>> pictures = run.stream([torch.zeros(3, 8, 8)] * 9, batch_size=4, shuffle=8)
            >>> [batch.shape for batch in run.steps(pictures, until=2)]
            [torch.Size([4, 3, 8, 8]), torch.Size([4, 3, 8, 8])]
        """
        loader = StreamLoader(
            stream,
            batch_size,
            seed=self._loader_seed(),
            shuffle=shuffle,
            transform=transform,
            process=self._process,
            processes=self.processes,
            workers=workers,
            divided=divided,
            send=send_to(self.device, self._layout),
        )
        if divided:
            self.needs_same_processes("each process reads a stream of its own")
        self._loaders.append(loader)
        return loader

    def _loader_seed(self) -> int:
        # Its own for each, or sample n of one loader would always meet sample n of another.
        return self._seed + 1_000_000_007 * len(self._loaders)

    def has_checkpoint(self) -> bool:
        """Whether `out` holds a checkpoint, from which `resume` will continue; every process has to call it.

        Raises:
            OSError: if another process has ended.
        """
        return from_first(lambda: self._checkpoints.newest() is not None)

    def resume(self) -> bool:
        """Continue from the newest checkpoint in `out`, if any.

        Call it after `register`, `loader` and `stream`.

        Returns:
            Whether there was one.

        Raises:
            OSError: if another process has ended.
            ValueError: if the checkpoint is damaged or belongs to another recipe, or if an option changed on
                which it depends; the message names the options that changed.
        """
        self._resumed = True
        if self._preparation.activation_checkpointing and not self._checkpointed_parts:
            names = ", ".join(type(module).__name__ for module in self._registered.modules().values())
            raise ValueError(
                "activation_checkpointing expected a network that can recompute its activations; got "
                f"{names}; leave it out"
            )
        check_owners(self._registered.modules().values(), self._registered.optimizers())
        self._registered.note_hyperparameters()
        # Every process reads the checkpoint that the first one finds, or all of them end with the same error.
        name = from_first(lambda: newest.name if (newest := self._checkpoints.newest()) else None)
        changes, damage = from_first(lambda: changed_settings(self.out, self.settings, self._precision))
        if name is not None:
            folder = self._checkpoints.folder / name
            states: list[tuple[State, list[State]]] = []
            together(lambda: states.append(self._read(folder, changes)))
            changes += together(lambda: self._restore(folder, *states[0], changes))[0]
            self._progress.warn(*damage, *self._checkpoints.damage())
            self._checkpoints.prune()
            self._progress.message(f"resuming from step {self.step} of {folder.parent}", *changes)
        self._progress.warn(*self._scalars.rewind(self.step))
        if self.is_main:
            computation = {**self._computation, "channels_last": self._layout.channels_last}
            write_settings(self.out, self.settings, computation)
        return name is not None

    def _read(self, folder: Path, changes: Sequence[str]) -> tuple[State, list[State]]:
        """The states of a checkpoint that this process restores: the shared one, and those of processes."""
        with self._explained_restoring(changes):
            shared = self._checkpoints.read(folder)
            with explained_states(folder):
                self._snapshot.check(shared, folder)
                writers = self._snapshot.writers(shared)
                return shared, [self._checkpoints.read_own(folder, process) for process in writers]

    def _restore(self, folder: Path, shared: State, own: list[State], changes: Sequence[str]) -> list[str]:
        """Restore a checkpoint; returns which hyperparameters of the optimizers are new."""
        with self._explained_restoring(changes), explained_states(folder):
            return self._snapshot.restore(shared, own, folder)

    @contextmanager
    def _explained_restoring(self, changes: Sequence[str]) -> Generator[None]:
        """Add this process, and what changed since the checkpoint, to an error about it."""
        try:
            yield
        except ValueError as error:
            since = f" (changed since: {'; '.join(changes)})" if changes else ""
            here = f"{this_process()}: " if self.processes > 1 else ""
            raise ValueError(f"{here}{error}{since}") from error

    def needs_same_processes(self, reason: str) -> None:
        """Refuse to resume on another number of processes; call it before `resume`.

        For a loop whose mathematics depends on how the samples are divided among processes, such as a loss
        that compares the samples of each process's own batch.

        Args:
            reason: the first half of a sentence, which ends ", so start as many as before".
        """
        self._snapshot.need_same_processes(reason)

    def steps(self, loader: Loader | StreamLoader, until: int, phase: str = "train") -> Iterator[Any]:
        """Batches until `until` steps of this phase are done, counted over all resumed runs.

        Shows the progress and writes the scalars. On Ctrl-C, SIGTERM or SIGHUP, or when its launcher has
        ended, it saves a checkpoint and exits after the current step. A phase that is already complete yields
        nothing.

        Args:
            loader: an endless one, from `loader` or `stream`.
            until: length of the phase, in steps.
            phase: its name, if a recipe has several.

        Raises:
            ValueError: if `loader` is not endless, if `out` holds checkpoints of another run and `resume` was
                not called, or if the phase was made longer after a later one had begun.
            FloatingPointError: if a logged term is not a finite number.
            SystemExit: with code 128 + the signal's number, after a signal.
        """
        if not loader.endless:
            raise ValueError("steps() expects an endless loader; got one with `passes`, for evaluation")
        counters = self._counters
        if counters.done(phase) >= until and phase != counters.phase:
            return  # it was complete before the phase of the checkpoint began
        if not self._begun:
            if phase != counters.phase and counters.done(phase):
                raise ValueError(
                    f"phase '{phase}' ended after {counters.done(phase)} steps and cannot be extended to "
                    f"{until}, because '{counters.phase}' has begun; use the earlier number or another folder"
                )
            self._begin()
        counters.enter(phase, until)
        with (
            self._signals.listening(),
            self._progress.of_phase(phase, counters.done(phase), until, counters.images),
            self._optimizer_modes.trained(),
        ):
            batches = iter(loader)
            self._end_step()
            while not counters.phase_is_over:
                if self._cuda_graphs:  # or a network's second output in a step could overwrite its first
                    torch.compiler.cudagraph_mark_step_begin()
                for _ in counters.batches_of_step(loader.batch_size * self.processes):
                    self._draws.begin(self.step, counters.batch, loader.batch_size)
                    yield next(batches)
                self._end_step()
        self._scalars.draw()

    def update(self, optimizer: Optimizer, loss: Tensor) -> None:
        """Zero, backward, average over processes, clip and step, for the parameters of `optimizer` only.

        No other parameter receives a gradient, and frozen parameters do not move. With `accumulate=n`, call
        it once in each batch; it steps in the n-th.

        Args:
            optimizer: a registered one.
            loss: a scalar, the mean over this process's batch.

        Raises:
            ValueError: for an optimizer that is not registered, or whose parameters are all frozen, or hold
                averaged weights; or for a second call in one of several accumulated batches.
        """
        name = self._registered.name_of(optimizer)
        self._optimizer_modes.check_training(name)
        self._optimizer_steps.step(
            name,
            optimizer,
            loss / self._accumulate,
            parameters=self._registered.parameters,
            step=self._counters.step,
            batch=self._counters.batch,
            batches=self._accumulate,
        )

    def averaged_weights(self) -> AbstractContextManager[None]:
        """Evaluate at the averaged weights of optimizers that have modes, such as schedulefree's.

        Inside the block the registered optimizers that have `train` and `eval` are in evaluation mode; `save`
        may be called there too. Afterwards the training weights are the same as before, bit for bit. Outside
        of the loop over `steps`, and in checkpoints, the weights are the averaged ones without it. Without
        such an optimizer nothing changes.
        """
        return self._optimizer_modes.averaged()

    def draw(self, count: int, sample: Callable[[int], T]) -> T:
        """Random numbers for the samples of a batch, the same for any number of processes.

        `sample` is called with the number of samples of the whole step, those of all processes and
        accumulated batches, torch's generators being seeded from the run's seed, the step and the number of
        the call within a batch; each batch takes its own rows. The generators are restored afterwards. So
        `run.draw(4, lambda n: torch.randn(n, 64))` is (4, 64), and two processes draw the numbers that one
        with twice the batch does.

        Args:
            count: samples in the batch of this process; a multiple for several batches in one, such as all
                real and then all fake images.
            sample: returns a tensor or a nest of them, each with as many rows as it is called with; a tensor
                without dimensions is one number for all samples.

        Raises:
            ValueError: for another number of rows.
        """
        return self._draws.draw(count, sample)

    def draw_shared(self, sample: Callable[[], T]) -> T:
        """Random numbers that all samples of a step have in common, the same on every process.

        As `draw`, but `sample` takes nothing, and its result is returned whole: a decision for all images,
        such as `run.draw_shared(lambda: torch.rand(()) < 0.5)`.
        """
        return self._draws.draw_shared(sample)

    def set_lr(self, lr: float, *optimizers: Optimizer) -> None:
        """Set the learning rate of every parameter group of `optimizers`."""
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = lr

    def log(self, terms: Mapping[str, Tensor | float]) -> None:
        """Log scalars of this step by name; they are averaged over a window, on the device, and written.

        Every process must log the same names, since the averages include all processes.

        Raises:
            ValueError: for a tensor of more than one element.
        """
        self._scalars.add(self.step, terms)

    def every(self, steps: int) -> bool:
        """Whether this step is complete and a multiple of `steps`, or the last of the phase.

        Raises:
            ValueError: if `steps` is below 1.
        """
        if steps < 1:
            raise ValueError(f"every() expects at least 1 step; got {steps}")
        counters = self._counters
        return counters.step_is_complete and (counters.phase_is_over or self.step % steps == 0)

    def grid(self, name: str, *columns: Tensor, titles: Sequence[str] = ()) -> None:
        """Write previews/NAME/STEP.png: a row for each sample, a column for each of `columns`.

        Args:
            name: of the folder.
            *columns: each (N, 1 or 3, H, W) in [-1, 1]; the first eight samples are shown.
            titles: one for each column, written above it; none if empty.

        Raises:
            OSError: if it cannot be written.
            ValueError: as of `write_grid`.
        """
        if self.is_main:
            file = self.out / "previews" / name / f"{self.step:08d}.png"
            with explained_os_errors(file):
                write_grid(file, *columns, titles=titles)

    def save(self, *, score: float | None = None, better: Literal["higher", "lower"] = "higher") -> None:
        """Write a checkpoint of everything registered; call it last in the loop's body.

        The window of the scalars ends with this step, so that what was measured here is logged as of here.

        Args:
            score: of the current weights; the checkpoint with the best score is never removed. An infinite
                score is left out, with a message: no other could ever be better.
            better: which scores are better.

        Raises:
            OSError: if it cannot be written; earlier checkpoints are unaffected.
            FloatingPointError: if a logged term or a weight is not finite or the score is nan, so that no
                broken weights are saved.
            ValueError: in the middle of a step, between accumulated batches; or for an unknown `better`.
        """
        if not self._counters.step_is_complete:
            raise ValueError("save() in the middle of a step; call it under `if run.every(n):`")
        self._close_window()
        self._check_weights()
        if score is not None and math.isnan(score):
            with self._explained():
                raise FloatingPointError(f"the score became {score} at step {self.step}")
        if score is not None and math.isinf(score):
            self._progress.message(
                f"the score is {score} at step {self.step}: this checkpoint is saved without a score"
            )
            score = None
        self._write_checkpoint(score, better)
        self._scalars.draw(at_most_every=30)

    # ---------------------------------------------------------------- between the steps

    def _begin(self) -> None:
        """Done once, before the first step of this program."""
        self._begun = True
        if not self._resumed:
            if self.has_checkpoint():
                raise ValueError(f"{self.out} already holds a run; call resume() or choose another folder")
            self.resume()
        self._snapshot.restore_random()  # as late as this, so that nothing drawn since `resume` can shift it
        layout = ", channels-last" if self._layout.channels_last else ""
        computes = f"{self.device.type}, {self._precision}{layout}"
        networks = self._registered.modules()
        self._progress.message(summary(computes, self.processes, networks, self._loaders))

    def _end_step(self) -> None:
        """Close the window, move the progress bar, and stop after a signal."""
        counters = self._counters
        window_ends = self.step % self._window == 0
        if counters.phase_is_over or window_ends:
            self._close_window()
        # Several GPUs would have to wait for each other, so they exchange signals once per window only.
        if self.processes == 1 or self.device.type == "cpu" or window_ends:
            self._signals.synchronize(self.device)
            if self._signals.received and not counters.phase_is_over:
                self._stop()
        self._progress.move_to(counters.done(counters.phase))  # last: a closed terminal takes no output

    def _close_window(self) -> None:
        images = self._counters.images
        heading = {"step": self.step, "seconds": round(self._counters.seconds, 2), "images": images}
        with self._explained():
            means = self._scalars.close_window(heading)
        if means:
            self._progress.show(means, images)
            self._trackers.log(means, self.step)

    def _check_weights(self) -> None:
        with self._explained():
            self._registered.check_finite(self.step)

    def _write_checkpoint(self, score: float | None, better: Literal["higher", "lower"]) -> None:
        with self.averaged_weights():
            self._checkpoints.write(
                self.step,
                self._snapshot.shared(),
                self._snapshot.own(),
                networks=self._snapshot.networks(),
                score=score,
                better=better,
            )

    def _stop(self) -> None:
        with self._explained():
            self._scalars.check_finite()  # of a window that stays open, as it would without the signal
        self._check_weights()
        self._write_checkpoint(None, "higher")
        self._scalars.draw()
        self._progress.message(f"stopped after step {self.step}; the same command resumes from there")
        raise SystemExit(128 + self._signals.received)

    @contextmanager
    def _explained(self) -> Generator[None]:
        """Add a remedy to the error about a number that is not finite."""
        try:
            yield
        except FloatingPointError as error:
            newest = self._checkpoints.newest()
            good = f"the last good checkpoint is {newest}" if newest else "no checkpoint was written yet"
            raise FloatingPointError(
                f"{error}; {good}; try a lower learning rate, or precision fp32"
            ) from None
