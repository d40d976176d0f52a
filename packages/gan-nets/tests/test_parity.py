"""Outputs equal those of the original repositories, with the original weights under the original keys."""

import pytest
import torch
from gan_nets import interop

UNETS = [f"pix2pix_unet{size}_{kind}" for size in (128, 256) for kind in ("batch_dropout", "instance")]
PATCHES = [f"patchgan_n{layers}_{norm}" for layers in (3, 5) for norm in ("batch", "instance")]


@pytest.mark.parametrize("name", UNETS)
def test_unet_equals_the_original(name, read_parity):
    weights, inputs, outputs, constructor = read_parity(name)
    net = interop.load_pix2pix_unet(weights)
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
    net = interop.load_patch_discriminator(weights)
    assert net.receptive_field == {3: 70, 5: 286}[constructor["n_layers"]]
    with torch.no_grad():
        torch.testing.assert_close(net(inputs["x"]), outputs["out"], atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["pixelgan_batch", "pixelgan_instance"])
def test_pixel_discriminator_equals_the_original(name, read_parity):
    weights, inputs, outputs, _ = read_parity(name)
    net = interop.load_pixel_discriminator(weights)
    with torch.no_grad():
        torch.testing.assert_close(net(inputs["x"]), outputs["out"], atol=1e-5, rtol=0)


RESNETS = ["cut_resnet_antialias"]
RESNETS += [
    f"cyclegan_resnet{kind}" for kind in ("6_batch_dropout", "6_instance", "9_instance", "9_instance_dropout")
]


@pytest.mark.parametrize("name", RESNETS)
def test_resnet_equals_the_original(name, read_parity):
    weights, inputs, outputs, constructor = read_parity(name)
    net = interop.load_cyclegan_resnet(weights)
    assert len(net.blocks) == constructor["n_blocks"]
    assert net.blocks[0].first.dropout.p == (0.5 if constructor.get("use_dropout") else 0)
    with torch.no_grad():
        torch.testing.assert_close(net(inputs["x"]), outputs["out"], atol=1e-5, rtol=0)
