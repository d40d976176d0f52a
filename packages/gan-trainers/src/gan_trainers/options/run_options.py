"""The options that every recipe shares."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gan_trainers.base.errors import OptionError
from gan_trainers.logs.trackers import check_trackers
from gan_trainers.options.ranges import Count, CountOrZero, Seed, check_ranges
from gan_trainers.run.precision import Precision
from gan_trainers.run.run import Run


@dataclasses.dataclass(frozen=True)
class RunOptions:
    """Options of the machine, not of the paper.

    Raises:
        OptionError: a value out of its range, or an unknown tracker.

    Examples:
        >>> from pathlib import Path
        >>> options = RunOptions(out=Path("runs/mine"), precision="fp32", evaluate_every=100)
        >>> options.evaluation_interval(steps=1000)
        100
    """

    out: Path  # folder of the run
    seed: Seed = 0  # of weights, data order, augmentation and noise
    precision: Precision = "auto"  # auto: accelerate's setting, else the fastest
    compile: bool | str = False  # compile the networks; or torch's mode, such as reduce-overhead
    channels_last: bool | None = None  # memory layout; if not given, the one that measured faster
    activation_checkpointing: bool = False  # recompute activations: less memory, more time
    accumulate: Count = 1  # batches per step
    workers: CountOrZero = 0  # processes that load data ahead
    trackers: tuple[str, ...] = ()  # accelerate's experiment trackers, such as tensorboard
    quiet: bool = False  # print no progress
    evaluate_every: Count | None = None  # steps between evaluations; if not given, a twelfth of all steps

    def __post_init__(self) -> None:
        check_ranges(self)
        check_trackers(self.trackers)
        if self.compile and self.activation_checkpointing:
            raise OptionError(
                "--activation-checkpointing expects no --compile, which chooses itself what to recompute"
            )

    def start(self, options: Any, found: Mapping[str, Any] | None = None) -> Run:
        """Start the run, or continue it once `Run.resume` is called.

        Args:
            options: the recipe's dataclass, for settings.json; nested dataclasses are flattened.
            found: what the data decided, such as the names of its classes, for settings.json too.
        """
        settings = dataclasses.asdict(options)
        settings |= settings.pop("run", {})
        settings |= found or {}
        return Run(
            self.out,
            seed=self.seed,
            precision=self.precision,
            compile=self.compile,
            channels_last=self.channels_last,
            activation_checkpointing=self.activation_checkpointing,
            accumulate=self.accumulate,
            trackers=self.trackers,
            settings=settings,
            quiet=self.quiet,
        )

    def evaluation_interval(self, steps: int) -> int:
        """Steps between evaluations in a training of `steps` steps."""
        return self.evaluate_every or max(1, steps // 12)
