"""Checkpoints of other repositories, read and fitted onto this package's networks key by key."""

from gan_nets.interop._checkpoint import read_checkpoint
from gan_nets.interop._cyclegan import load_cyclegan_resnet, resnet_from_cyclegan
from gan_nets.interop._pix2pix import (
    load_patch_discriminator,
    load_pix2pix_unet,
    load_pixel_discriminator,
    patch_from_pix2pix,
    pixel_from_pix2pix,
    unet_from_pix2pix,
)

__all__ = [
    "load_cyclegan_resnet",
    "load_patch_discriminator",
    "load_pix2pix_unet",
    "load_pixel_discriminator",
    "patch_from_pix2pix",
    "pixel_from_pix2pix",
    "read_checkpoint",
    "resnet_from_cyclegan",
    "unet_from_pix2pix",
]
