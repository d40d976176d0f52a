"""Checkpoints of other repositories, converted to this package's networks key by key."""

from gan_nets._families import Family
from gan_nets.interop._basicsr import (
    discriminator_from_basicsr,
    load_basicsr_discriminator,
    load_basicsr_msrresnet,
    load_basicsr_unet_discriminator,
    msrresnet_from_basicsr,
    unet_discriminator_from_basicsr,
)
from gan_nets.interop._checkpoint import read_checkpoint
from gan_nets.interop._compact import compact_from_realesrgan, load_realesrgan_compact
from gan_nets.interop._cyclegan import load_cyclegan_resnet, resnet_from_cyclegan
from gan_nets.interop._detect import detect
from gan_nets.interop._fastgan import generator_from_fastgan, load_fastgan_generator
from gan_nets.interop._fastgan_discriminator import discriminator_from_fastgan, load_fastgan_discriminator
from gan_nets.interop._pix2pix import (
    load_patch_discriminator,
    load_pix2pix_unet,
    load_pixel_discriminator,
    patch_from_pix2pix,
    pixel_from_pix2pix,
    unet_from_pix2pix,
)
from gan_nets.interop._pix2pixhd import (
    encoder_from_pix2pixhd,
    global_from_pix2pixhd,
    load_pix2pixhd_encoder,
    load_pix2pixhd_global,
    load_pix2pixhd_local,
    local_from_pix2pixhd,
)
from gan_nets.interop._pix2pixhd_discriminator import load_pix2pixhd_discriminator, multiscale_from_pix2pixhd
from gan_nets.interop._rrdbnet import load_basicsr_rrdbnet, load_esrgan_rrdbnet, rrdbnet_from_basicsr
from gan_nets.interop.conversion import convert

__all__ = [
    "Family",
    "compact_from_realesrgan",
    "convert",
    "detect",
    "discriminator_from_basicsr",
    "discriminator_from_fastgan",
    "encoder_from_pix2pixhd",
    "generator_from_fastgan",
    "global_from_pix2pixhd",
    "load_basicsr_discriminator",
    "load_basicsr_msrresnet",
    "load_basicsr_rrdbnet",
    "load_basicsr_unet_discriminator",
    "load_cyclegan_resnet",
    "load_esrgan_rrdbnet",
    "load_fastgan_discriminator",
    "load_fastgan_generator",
    "load_patch_discriminator",
    "load_pix2pix_unet",
    "load_pix2pixhd_discriminator",
    "load_pix2pixhd_encoder",
    "load_pix2pixhd_global",
    "load_pix2pixhd_local",
    "load_pixel_discriminator",
    "load_realesrgan_compact",
    "local_from_pix2pixhd",
    "msrresnet_from_basicsr",
    "multiscale_from_pix2pixhd",
    "patch_from_pix2pix",
    "pixel_from_pix2pix",
    "read_checkpoint",
    "resnet_from_cyclegan",
    "rrdbnet_from_basicsr",
    "unet_discriminator_from_basicsr",
    "unet_from_pix2pix",
]
