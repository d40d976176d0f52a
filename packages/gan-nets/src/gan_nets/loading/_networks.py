"""The classes that `load` may build, by the name that a config.json holds."""

from collections.abc import Mapping

from gan_nets.networks.coarse_to_fine import CoarseToFineUNet
from gan_nets.networks.cogan import CoGANDiscriminator, CoGANGenerator
from gan_nets.networks.compact import SRVGGNetCompact
from gan_nets.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from gan_nets.networks.fastgan import FastGANGenerator
from gan_nets.networks.fastgan_discriminator import FastGANDiscriminator
from gan_nets.networks.feature_unet import FeatureUNet
from gan_nets.networks.instance_encoder import InstanceEncoder
from gan_nets.networks.msrresnet import MSRResNet
from gan_nets.networks.multiscale import MultiscaleDiscriminator
from gan_nets.networks.patch import PatchDiscriminator, PixelDiscriminator
from gan_nets.networks.pix2pixhd import GlobalGenerator, LocalEnhancer
from gan_nets.networks.progan import ProGANDiscriminator, ProGANGenerator
from gan_nets.networks.r3gan import R3GANGenerator
from gan_nets.networks.r3gan_discriminator import R3GANDiscriminator
from gan_nets.networks.resnet import ResnetGenerator
from gan_nets.networks.rrdb import RRDBNet
from gan_nets.networks.srgan_discriminator import SRGANDiscriminator, VGGStyleDiscriminator
from gan_nets.networks.srresnet import SRResNet
from gan_nets.networks.stylegan import StyleGANGenerator
from gan_nets.networks.stylegan2 import StyleGAN2Generator
from gan_nets.networks.stylegan2_discriminator import StyleGAN2Discriminator
from gan_nets.networks.unet import UNetGenerator
from gan_nets.networks.unet_discriminator import UNetDiscriminator
from gan_nets.saving.pretrained import PretrainedModule

NETWORKS: Mapping[str, type[PretrainedModule]] = {
    network.__name__: network
    for network in (
        CoGANDiscriminator,
        CoGANGenerator,
        CoarseToFineUNet,
        DCGANDiscriminator,
        DCGANGenerator,
        FastGANDiscriminator,
        FastGANGenerator,
        FeatureUNet,
        GlobalGenerator,
        InstanceEncoder,
        LocalEnhancer,
        MSRResNet,
        MultiscaleDiscriminator,
        PatchDiscriminator,
        PixelDiscriminator,
        ResnetGenerator,
        ProGANDiscriminator,
        ProGANGenerator,
        R3GANDiscriminator,
        R3GANGenerator,
        RRDBNet,
        SRGANDiscriminator,
        SRResNet,
        SRVGGNetCompact,
        StyleGAN2Discriminator,
        StyleGAN2Generator,
        StyleGANGenerator,
        UNetDiscriminator,
        UNetGenerator,
        VGGStyleDiscriminator,
    )
}
