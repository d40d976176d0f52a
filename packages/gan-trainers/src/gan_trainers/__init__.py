"""The loop's tools: devices, precision, several processes, checkpoints, logs; and the papers' objectives."""

from gan_trainers._curves import draw_curves, read_scalars
from gan_trainers._cyclegan import CycleGAN, Fakes
from gan_trainers._ema import EMA
from gan_trainers._errors import plain_errors
from gan_trainers._fastgan import FastGAN
from gan_trainers._frozen import frozen
from gan_trainers._image_pool import ImagePool
from gan_trainers._loader import Loader
from gan_trainers._pix2pix import Pix2Pix
from gan_trainers._pix2pixhd import Pix2PixHD
from gan_trainers._precision import Precision
from gan_trainers._previews import write_animation, write_grid
from gan_trainers._projected_gan import Judged, ProjectedGAN
from gan_trainers._random import seeded
from gan_trainers._run import Run
from gan_trainers._schedules import cosine_decay, linear_decay, step_decay, warm_up

__all__ = [
    "EMA",
    "CycleGAN",
    "Fakes",
    "FastGAN",
    "ImagePool",
    "Judged",
    "Loader",
    "Pix2Pix",
    "Pix2PixHD",
    "Precision",
    "ProjectedGAN",
    "Run",
    "cosine_decay",
    "draw_curves",
    "frozen",
    "linear_decay",
    "plain_errors",
    "read_scalars",
    "seeded",
    "step_decay",
    "warm_up",
    "write_animation",
    "write_grid",
]

__version__ = "0.1.0"
