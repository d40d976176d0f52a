"""Outputs equal those of the original repositories; the network is derived from the weights' keys alone."""

import pytest
import torch
from gan_nets import instance_mean, interop

UNETS = [f"pix2pix_unet{size}_{kind}" for size in (128, 256) for kind in ("batch_dropout", "instance")]
PATCHES = [f"patchgan_n{layers}_{norm}" for layers in (3, 5) for norm in ("batch", "instance")]


@pytest.mark.parametrize("name", UNETS)
def test_unet_equals_the_original(name, read_parity):
    weights, inputs, outputs, constructor = read_parity(name)
    net = interop.convert(weights)
    assert net.size_multiple == 2 ** constructor["num_downs"]
    with torch.no_grad():
        out = net(inputs["x"])
    step = next(int(key.removeprefix("out_every")) for key in outputs if key.startswith("out_every"))
    torch.testing.assert_close(out[:, :, ::step, ::step], outputs[f"out_every{step}"], atol=1e-5, rtol=0)
    torch.testing.assert_close(out.mean((2, 3)), outputs["out_mean"], atol=1e-5, rtol=0)
    torch.testing.assert_close(out.std((2, 3)), outputs["out_std"], atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", PATCHES)
def test_patch_discriminator_equals_the_original(name, read_parity):
    weights, inputs, outputs, constructor = read_parity(name)
    net = interop.convert(weights)
    assert net.receptive_field == {3: 70, 5: 286}[constructor["n_layers"]]
    with torch.no_grad():
        torch.testing.assert_close(net(inputs["x"]), outputs["out"], atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["pixelgan_batch", "pixelgan_instance"])
def test_pixel_discriminator_equals_the_original(name, read_parity):
    weights, inputs, outputs, _ = read_parity(name)
    net = interop.convert(weights)
    with torch.no_grad():
        torch.testing.assert_close(net(inputs["x"]), outputs["out"], atol=1e-5, rtol=0)


RESNETS = ["cut_resnet_antialias"]
RESNETS += [
    f"cyclegan_resnet{kind}" for kind in ("6_batch_dropout", "6_instance", "9_instance", "9_instance_dropout")
]


@pytest.mark.parametrize("name", RESNETS)
def test_resnet_equals_the_original(name, read_parity):
    weights, inputs, outputs, constructor = read_parity(name)
    net = interop.convert(weights)
    assert len(net.blocks) == constructor["n_blocks"]
    assert net.blocks[0].first.dropout.p == (0.5 if constructor.get("use_dropout") else 0)
    with torch.no_grad():
        torch.testing.assert_close(net(inputs["x"]), outputs["out"], atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["pix2pixhd_global_batch", "pix2pixhd_global_inst"])
def test_global_generator_equals_the_original(name, read_parity):
    weights, inputs, outputs, constructor = read_parity(name)
    net = interop.convert(weights)
    assert net.size_multiple == 2 ** constructor["n_downsampling"]
    assert len(net.trunk.blocks) == constructor["n_blocks"]
    with torch.no_grad():
        torch.testing.assert_close(net(inputs["x"]), outputs["out"], atol=1e-5, rtol=0)


def test_local_enhancer_equals_the_original(read_parity):
    weights, inputs, outputs, constructor = read_parity("pix2pixhd_local1")
    net = interop.convert(weights)
    assert net.size_multiple == 2 ** (constructor["n_downsample_global"] + constructor["n_local_enhancers"])
    assert len(net.enhancers[0].blocks) == constructor["n_blocks_local"]
    with torch.no_grad():
        torch.testing.assert_close(net(inputs["x"]), outputs["out"], atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["D2_n3", "D3_n3", "D3_n2_nointer"])
def test_multiscale_discriminator_equals_the_original_at_every_layer(name, read_parity):
    """Outputs are called fake_SCALE_LAYER; without intermediate features the logits are layer 0."""
    weights, inputs, outputs, constructor = read_parity(f"pix2pixhd_msd_{name}")
    net = interop.convert(weights)
    assert len(net.scales) == constructor["num_D"]
    for kind, x in inputs.items():
        with torch.no_grad():
            features, logits = net(x, features=True), net(x)
        for key in (key for key in outputs if key.startswith(kind)):
            scale, layer = map(int, key.split("_")[1:])
            got = features[scale][layer] if constructor["getIntermFeat"] else logits[scale]
            torch.testing.assert_close(got, outputs[key], atol=1e-5, rtol=0)


def test_encoder_equals_the_original(read_parity):
    weights, inputs, outputs, _ = read_parity("pix2pixhd_encoder")
    net = interop.convert(weights)
    with torch.no_grad():
        out = net(inputs["x"], inputs["inst"])
    torch.testing.assert_close(out, outputs["out"], atol=1e-5, rtol=0)
    means = instance_mean(outputs["features_before_pooling"], inputs["inst"])
    torch.testing.assert_close(means, outputs["out"], atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["msrresnet_x2", "msrresnet_x4", "rrdbnet_x2", "rrdbnet_x4"])
def test_super_resolution_equals_the_original(name, read_parity):
    """The original's images are in [0, 1]."""
    weights, inputs, outputs, constructor = read_parity(f"basicsr_{name}")
    net = interop.convert(weights)
    assert net.scale == constructor.get("upscale", constructor.get("scale"))
    assert len(net.blocks) == constructor["num_block"]
    with torch.no_grad():
        out = (net(2 * inputs["x"] - 1) + 1) / 2
    torch.testing.assert_close(out, outputs["out"], atol=1e-5, rtol=0)


def test_vgg_style_discriminator_equals_the_original(read_parity):
    """The original's images are in [0, 1]."""
    weights, inputs, outputs, constructor = read_parity("basicsr_vggdisc_128")
    net = interop.convert(weights)
    assert net.size == constructor["input_size"]
    with torch.no_grad():
        torch.testing.assert_close(net(2 * inputs["x"] - 1), outputs["out"], atol=1e-5, rtol=0)
