"""The families of foreign checkpoints that `interop` recognizes; without torch, for the command line."""

from typing import Literal

Family = Literal[
    "basicsr-discriminator",
    "basicsr-msrresnet",
    "basicsr-rrdbnet",
    "basicsr-unet-discriminator",
    "cut-resnet",
    "cyclegan-resnet",
    "esrgan-rrdbnet",
    "fastgan-discriminator",
    "fastgan-generator",
    "patch-discriminator",
    "pix2pix-unet",
    "pix2pixhd-discriminator",
    "pix2pixhd-encoder",
    "pix2pixhd-global",
    "pix2pixhd-local",
    "pixel-discriminator",
    "projected-fastgan",
    "realesrgan-compact",
]
"""The families of checkpoints that `detect` tells apart and `convert` reads, by the code that wrote them."""
