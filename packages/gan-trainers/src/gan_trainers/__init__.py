"""Tools of the training loop: devices, precision, processes, checkpoints, logs, options."""

from gan_trainers._version import __version__ as __version__
from gan_trainers.base.distributed import global_mean
from gan_trainers.base.errors import OptionError, plain_errors
from gan_trainers.logs.curves import draw_curves, read_scalars
from gan_trainers.logs.previews import write_animation, write_grid
from gan_trainers.objectives.batched import batched
from gan_trainers.objectives.image_pool import ImagePool
from gan_trainers.objectives.terms import total
from gan_trainers.options.command_line import parse_options, run_recipe
from gan_trainers.options.ranges import (
    Count,
    CountOrZero,
    Fraction,
    Positive,
    Probability,
    Range,
    Seed,
    Weight,
    check_ranges,
)
from gan_trainers.options.run_options import RunOptions
from gan_trainers.run.loader import Loader
from gan_trainers.run.precision import Precision
from gan_trainers.run.run import Run
from gan_trainers.run.stream_loader import StreamLoader
from gan_trainers.training.ema import EMA
from gan_trainers.training.frozen import frozen
from gan_trainers.training.random import seeded
from gan_trainers.training.schedules import cosine_decay, linear_decay, step_decay, warm_up

__all__ = [
    "EMA",
    "Count",
    "CountOrZero",
    "Fraction",
    "ImagePool",
    "Loader",
    "OptionError",
    "Positive",
    "Precision",
    "Probability",
    "Range",
    "Run",
    "RunOptions",
    "Seed",
    "StreamLoader",
    "Weight",
    "batched",
    "check_ranges",
    "cosine_decay",
    "draw_curves",
    "frozen",
    "global_mean",
    "linear_decay",
    "parse_options",
    "plain_errors",
    "read_scalars",
    "run_recipe",
    "seeded",
    "step_decay",
    "total",
    "warm_up",
    "write_animation",
    "write_grid",
]
