import gan_nets
from gan_nets import interop


def test_inventory():
    assert gan_nets.__all__ == [
        "CoarseToFineUNet",
        "GlobalGenerator",
        "InstanceEncoder",
        "LocalEnhancer",
        "MSRResNet",
        "MultiscaleDiscriminator",
        "PatchDiscriminator",
        "PixelDiscriminator",
        "RRDBNet",
        "ResnetGenerator",
        "SRGANDiscriminator",
        "SRResNet",
        "UNetGenerator",
        "VGGStyleDiscriminator",
        "apply_any_size",
        "crop_to",
        "cyclegan_resnet_modern",
        "cyclegan_resnet_paper",
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
    ]
    assert interop.__all__ == [
        "discriminator_from_basicsr",
        "encoder_from_pix2pixhd",
        "global_from_pix2pixhd",
        "load_basicsr_discriminator",
        "load_basicsr_msrresnet",
        "load_basicsr_rrdbnet",
        "load_cyclegan_resnet",
        "load_patch_discriminator",
        "load_pix2pix_unet",
        "load_pix2pixhd_discriminator",
        "load_pix2pixhd_encoder",
        "load_pix2pixhd_global",
        "load_pix2pixhd_local",
        "load_pixel_discriminator",
        "local_from_pix2pixhd",
        "msrresnet_from_basicsr",
        "multiscale_from_pix2pixhd",
        "patch_from_pix2pix",
        "pixel_from_pix2pix",
        "read_checkpoint",
        "resnet_from_cyclegan",
        "rrdbnet_from_basicsr",
        "unet_from_pix2pix",
    ]
    for module in (gan_nets, interop):
        assert all(hasattr(module, name) for name in module.__all__)
        assert module.__all__ == sorted(module.__all__)
