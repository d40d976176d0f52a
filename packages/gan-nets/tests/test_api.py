import gan_nets
from gan_nets import interop


def test_inventory():
    assert gan_nets.__all__ == [
        "CoarseToFineUNet",
        "PatchDiscriminator",
        "PixelDiscriminator",
        "ResnetGenerator",
        "UNetGenerator",
        "apply_any_size",
        "crop_to",
        "cyclegan_resnet_modern",
        "cyclegan_resnet_paper",
        "init_normal_",
        "init_xavier_",
        "load",
        "pad_to_multiple",
        "pix2pix_unet_official",
        "pix2pix_unet_paper",
    ]
    assert interop.__all__ == [
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
    for module in (gan_nets, interop):
        assert all(hasattr(module, name) for name in module.__all__)
        assert module.__all__ == sorted(module.__all__)
