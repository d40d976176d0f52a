"""Generators and discriminators of the image-translation papers, one readable file each."""

# ruff: noqa: F403, F405 (the names of `_with_torch` are not written a third time)

from importlib import import_module
from typing import TYPE_CHECKING

from gan_nets._version import __version__ as __version__

__all__ = [
    "CoGANDiscriminator",
    "CoGANGenerator",
    "CoarseToFineUNet",
    "DCGANDiscriminator",
    "DCGANGenerator",
    "FastGANDiscriminator",
    "FastGANGenerator",
    "FeatureUNet",
    "GlobalGenerator",
    "InstanceEncoder",
    "LocalEnhancer",
    "MSRResNet",
    "MultiscaleDiscriminator",
    "PatchDiscriminator",
    "PatchSampler",
    "PixelDiscriminator",
    "ProGANDiscriminator",
    "ProGANGenerator",
    "R3GANDiscriminator",
    "R3GANGenerator",
    "RRDBNet",
    "Reconstruction",
    "ResnetGenerator",
    "SRGANDiscriminator",
    "SRResNet",
    "SRVGGNetCompact",
    "SpandrelNet",
    "StyleGAN2Discriminator",
    "StyleGAN2Generator",
    "StyleGANGenerator",
    "Translator",
    "UNetDiscriminator",
    "UNetGenerator",
    "Usage",
    "VGGStyleDiscriminator",
    "apply_any_size",
    "checkpoint_activations_",
    "crop_to",
    "cyclegan_resnet_modern",
    "cyclegan_resnet_paper",
    "export_coreml",
    "export_onnx",
    "export_openvino",
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
    "random_positions",
    "receptive_radius",
    "stylegan2_projected",
    "tiled",
    "translate",
    "translate_file",
    "use_cpu_kernels_",
]

# Importing torch takes seconds, and the help of `gan-nets` does not need it. Therefore the names are imported
# at their first use. Type checkers and editors read the import here, which never runs; it is relative because
# pyright reports an absolute star import from an installed package.
if TYPE_CHECKING:
    from ._with_torch import *
else:

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module("gan_nets._with_torch"), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
