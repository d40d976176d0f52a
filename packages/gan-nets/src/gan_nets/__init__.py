"""Generators and discriminators of the image-translation papers, one readable file each."""

from gan_nets._version import __version__ as __version__
from gan_nets.exporting.export import export_onnx, export_program
from gan_nets.layers.cpu.kernels import use_cpu_kernels_
from gan_nets.layers.init import init_icnr_, init_kaiming_, init_normal_, init_xavier_
from gan_nets.loading.load import load
from gan_nets.networks.coarse_to_fine import CoarseToFineUNet
from gan_nets.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from gan_nets.networks.fastgan import FastGANGenerator, fastgan_official, fastgan_projected
from gan_nets.networks.fastgan_discriminator import FastGANDiscriminator, Reconstruction
from gan_nets.networks.instance_encoder import InstanceEncoder, instance_mean
from gan_nets.networks.kmeans import kmeans
from gan_nets.networks.msrresnet import MSRResNet
from gan_nets.networks.multiscale import MultiscaleDiscriminator
from gan_nets.networks.patch import PatchDiscriminator, PixelDiscriminator
from gan_nets.networks.pix2pixhd import GlobalGenerator, LocalEnhancer
from gan_nets.networks.resnet import ResnetGenerator, cyclegan_resnet_modern, cyclegan_resnet_paper
from gan_nets.networks.rrdb import RRDBNet
from gan_nets.networks.srgan_discriminator import SRGANDiscriminator, VGGStyleDiscriminator
from gan_nets.networks.srresnet import SRResNet
from gan_nets.networks.stylegan2 import StyleGAN2Generator, stylegan2_projected
from gan_nets.networks.unet import UNetGenerator, pix2pix_unet_official, pix2pix_unet_paper
from gan_nets.pictures.translate import translate, translate_file
from gan_nets.saving.usage import Usage
from gan_nets.tiling.padding import apply_any_size, crop_to, pad_to_multiple
from gan_nets.tiling.receptive_field import receptive_radius
from gan_nets.tiling.tiles import tiled

__all__ = [
    "CoarseToFineUNet",
    "DCGANDiscriminator",
    "DCGANGenerator",
    "FastGANDiscriminator",
    "FastGANGenerator",
    "GlobalGenerator",
    "InstanceEncoder",
    "LocalEnhancer",
    "MSRResNet",
    "MultiscaleDiscriminator",
    "PatchDiscriminator",
    "PixelDiscriminator",
    "RRDBNet",
    "Reconstruction",
    "ResnetGenerator",
    "SRGANDiscriminator",
    "SRResNet",
    "StyleGAN2Generator",
    "UNetGenerator",
    "Usage",
    "VGGStyleDiscriminator",
    "apply_any_size",
    "crop_to",
    "cyclegan_resnet_modern",
    "cyclegan_resnet_paper",
    "export_onnx",
    "export_program",
    "fastgan_official",
    "fastgan_projected",
    "init_icnr_",
    "init_kaiming_",
    "init_normal_",
    "init_xavier_",
    "instance_mean",
    "kmeans",
    "load",
    "pad_to_multiple",
    "pix2pix_unet_official",
    "pix2pix_unet_paper",
    "receptive_radius",
    "stylegan2_projected",
    "tiled",
    "translate",
    "translate_file",
    "use_cpu_kernels_",
]
