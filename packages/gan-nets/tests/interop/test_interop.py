from pathlib import Path

import pytest
import torch
from gan_nets import LocalEnhancer, PatchDiscriminator, UNetGenerator, interop
from safetensors.torch import save_file

LOADERS = {
    "cyclegan_resnet9_instance": interop.load_cyclegan_resnet,
    "cyclegan_resnet6_batch_dropout": interop.load_cyclegan_resnet,
    "cut_resnet_antialias": interop.load_cyclegan_resnet,
    "pix2pix_unet128_batch_dropout": interop.load_pix2pix_unet,
    "pix2pix_unet128_instance": interop.load_pix2pix_unet,
    "patchgan_n3_batch": interop.load_patch_discriminator,
    "patchgan_n3_instance": interop.load_patch_discriminator,
    "pix2pixhd_global_batch": interop.load_pix2pixhd_global,
    "pix2pixhd_local1": interop.load_pix2pixhd_local,
    "pix2pixhd_msd_D3_n2_nointer": interop.load_pix2pixhd_discriminator,
    "pix2pixhd_encoder": interop.load_pix2pixhd_encoder,
    "basicsr_msrresnet_x2": interop.load_basicsr_msrresnet,
    "basicsr_rrdbnet_x4": interop.load_basicsr_rrdbnet,
    "basicsr_vggdisc_128": interop.load_basicsr_discriminator,
    "pixelgan_batch": interop.load_pixel_discriminator,
    "pixelgan_instance": interop.load_pixel_discriminator,
}
# With two halvings and instance norm they are the same network under the same keys.
TWINS = {("cyclegan_resnet9_instance", interop.load_pix2pixhd_global)}
every_family = pytest.mark.parametrize(("name", "load"), LOADERS.items())


def same(net, other):
    pairs = zip(net.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@every_family
def test_data_parallel_prefix_is_accepted(name, load, read_parity):
    weights, *_ = read_parity(name)
    assert same(load({f"module.{k}": v for k, v in weights.items()}), load(weights))


@every_family
def test_missing_and_unexpected_keys_are_listed_as_in_the_original(name, load, read_parity):
    weights, *_ = read_parity(name)
    last = [key for key in weights if key.endswith(".weight") and weights[key].ndim == 4][-1]
    inner = ("2.weight", "conv2_1.weight", "1.model.1.weight", "conv_block.1.weight")
    lost = next(k for k in weights if k.endswith(inner) and weights[k].ndim == 4 and k != last)
    state = {k: v for k, v in weights.items() if k != lost} | {"extra.thing": torch.zeros(1)}
    with pytest.raises(ValueError, match=rf"missing keys \(1\): {lost}; unexpected keys \(1\): extra.thing"):
        load(state)


@pytest.mark.parametrize("load", dict.fromkeys(LOADERS.values()))
def test_another_family_is_refused(load, read_parity):
    with pytest.raises(ValueError, match="checkpoint does not fit"):
        load({"conv1.weight": torch.zeros(1, 1, 3, 3)})
    with pytest.raises(ValueError, match="checkpoint does not fit"):
        load({})
    for other in LOADERS:
        if LOADERS[other] is not load and (other, load) not in TWINS:
            with pytest.raises(ValueError, match="checkpoint does not fit"):
                load(read_parity(other)[0])


def test_buffers_of_old_instance_norms_are_dropped(read_parity):
    weights, *_ = read_parity("pix2pix_unet128_instance")
    old = dict(weights)
    for path in ("model.model.1.model.2", "model.model.1.model.6", "model.model.1.model.3.model.2"):
        old |= {f"{path}.running_mean": torch.zeros(8), f"{path}.running_var": torch.ones(8)}
        old |= {f"{path}.num_batches_tracked": torch.tensor(3)}
    assert same(interop.load_pix2pix_unet(old), interop.load_pix2pix_unet(weights))


def test_resnet_keys_follow_the_layout_of_the_original(read_parity):
    weights, *_ = read_parity("cyclegan_resnet9_instance_dropout")
    renamed = interop.resnet_from_cyclegan(weights)
    assert set(renamed) == set(interop.load_cyclegan_resnet(weights).state_dict())
    assert torch.equal(renamed["blocks.8.conv.weight"], weights["model.18.conv_block.6.weight"])
    assert torch.equal(renamed["ups.1.conv.bias"], weights["model.22.bias"])
    blurred = interop.load_cyclegan_resnet(read_parity("cut_resnet_antialias")[0])
    assert (blurred.blurred, blurred.resized) == (True, True)


def test_each_antialiasing_of_cut_is_detected_by_itself(read_parity):
    """CUT can turn off either of them, which changes the indices of all later layers."""
    weights, inputs, *_ = read_parity("cut_resnet_antialias")
    down = {k: v for k, v in weights.items() if k not in ("model.16.filt", "model.20.filt")}
    down = {
        k.replace(".17.", ".16.").replace(".21.", ".19.").replace(".25.", ".23."): v for k, v in down.items()
    }
    net = interop.load_cyclegan_resnet(
        {
            k: v.mT.transpose(0, 1) if k in ("model.16.weight", "model.19.weight") else v
            for k, v in down.items()
        }
    )
    assert (net.blurred, net.resized) == (True, False)
    assert net(inputs["x"]).shape == inputs["x"].shape


def test_an_unknown_blur_kernel_is_refused_rather_than_dropped(read_parity):
    weights, *_ = read_parity("cut_resnet_antialias")
    for kernel in (weights["model.7.filt"].flip(1) * 2, torch.ones(16, 1, 5, 5) / 25):
        with pytest.raises(ValueError, match=r"unexpected keys \(1\): model.7.filt"):
            interop.load_cyclegan_resnet(weights | {"model.7.filt": kernel})


def test_old_instance_norms_of_a_resnet_are_dropped(read_parity):
    weights, *_ = read_parity("cyclegan_resnet6_instance")
    buffers = {"running_mean": torch.zeros(8), "running_var": torch.ones(8)}
    old = weights | {
        f"{path}.{k}": v for path in ("model.2", "model.10.conv_block.6") for k, v in buffers.items()
    }
    assert same(interop.load_cyclegan_resnet(old), interop.load_cyclegan_resnet(weights))


def test_batch_norms_from_before_the_counter_load(read_parity):
    weights, *_ = read_parity("patchgan_n3_batch")
    old = {k: v for k, v in weights.items() if not k.endswith("num_batches_tracked")}
    assert interop.load_patch_discriminator(old).state_dict()["blocks.1.norm.num_batches_tracked"] == 0


def test_a_checkpoint_without_norm_is_detected(read_parity):
    weights, *_ = read_parity("patchgan_n3_instance")
    kept = ("model.0.bias", "model.11.bias")
    net = interop.load_patch_discriminator(
        {k: v for k, v in weights.items() if not k.endswith("bias") or k in kept}
    )
    assert net.blocks[1].conv.bias is None
    assert isinstance(net.blocks[1].norm, torch.nn.Identity)


def test_renamed_keys_are_those_of_our_networks(read_parity):
    weights, *_ = read_parity("pix2pix_unet128_batch_dropout")
    renamed = interop.unet_from_pix2pix(weights)
    assert set(renamed) == set(UNetGenerator(depth=7, width=4).state_dict())
    assert torch.equal(renamed["downs.0.conv.weight"], weights["model.model.0.weight"])
    assert torch.equal(renamed["ups.5.norm.bias"], weights["model.model.1.model.6.bias"])
    patch = interop.patch_from_pix2pix(read_parity("patchgan_n3_batch")[0])
    assert set(patch) == set(PatchDiscriminator(6, width=8).state_dict())
    assert "hidden.weight" in interop.pixel_from_pix2pix(read_parity("pixelgan_batch")[0])


def test_unet_takes_the_settings_that_weights_do_not_hold(read_parity):
    weights, inputs, *_ = read_parity("pix2pix_unet128_batch_dropout")
    net = interop.load_pix2pix_unet(weights, dropout=(0.0, 0.5), dropout_at_inference=True)
    assert not torch.equal(net(inputs["x"]), net(inputs["x"]))


def test_checkpoints_are_read_from_both_formats(tmp_path, read_parity):
    weights, *_ = read_parity("pixelgan_batch")
    torch.save(weights, tmp_path / "latest_net_D.pth")
    save_file(weights, tmp_path / "d.safetensors")
    for name in ("latest_net_D.pth", "d.safetensors"):
        state = interop.read_checkpoint(tmp_path / name)
        assert all(torch.equal(state[key], value) for key, value in weights.items())
    assert "input/x" in interop.read_checkpoint(
        Path(__file__).parents[1] / "parity" / "pixelgan_batch.safetensors"
    )


def test_a_generator_of_cyclegan_is_one_of_pix2pixhd_too(read_parity):
    weights, inputs, outputs, _ = read_parity("cyclegan_resnet9_instance")
    with torch.no_grad():
        out = interop.load_pix2pixhd_global(weights)(inputs["x"])
    torch.testing.assert_close(out, outputs["out"], atol=1e-5, rtol=0)


# Every layer of a local enhancer with 2 enhancers, 1 halving and 1 block each, as the original numbers them.
TWO_ENHANCERS = {
    "model.1": "coarse.input.conv",
    "model.4": "coarse.downs.0.conv",
    "model.7.conv_block.1": "coarse.blocks.0.first.conv",
    "model.7.conv_block.5": "coarse.blocks.0.conv",
    "model.8": "coarse.ups.0.conv",
    "model1_1.1": "enhancers.0.input.conv",
    "model1_1.4": "enhancers.0.down.conv",
    "model1_2.0.conv_block.1": "enhancers.0.blocks.0.first.conv",
    "model1_2.0.conv_block.5": "enhancers.0.blocks.0.conv",
    "model1_2.1": "enhancers.0.up.conv",
    "model2_1.1": "enhancers.1.input.conv",
    "model2_1.4": "enhancers.1.down.conv",
    "model2_2.0.conv_block.1": "enhancers.1.blocks.0.first.conv",
    "model2_2.0.conv_block.5": "enhancers.1.blocks.0.conv",
    "model2_2.1": "enhancers.1.up.conv",
    "model2_2.5": "output",
}


def test_a_local_enhancer_with_two_enhancers_is_detected():
    net = LocalEnhancer(4, 2, width=3, downsamplings=1, blocks=1, enhancers=2, enhancer_blocks=1).eval()
    state = net.state_dict()
    original = {
        f"{theirs}.{leaf}": state[f"{ours}.{leaf}"]
        for theirs, ours in TWO_ENHANCERS.items()
        for leaf in ("weight", "bias")
    }
    assert len(original) == len(state)
    assert set(interop.local_from_pix2pixhd(original)) == set(state)
    x = torch.randn(1, 4, 16, 16)
    assert torch.equal(interop.load_pix2pixhd_local(original)(x), net(x))


def test_both_forms_of_the_multiscale_discriminator_are_detected(read_parity):
    """Without intermediate features a scale is one list; with them each layer is a list of its own."""
    weights, *_ = read_parity("pix2pixhd_msd_D3_n2_nointer")
    layers = {"0": 0, "2": 1, "5": 2, "8": 3}
    with_features = {}
    for key, value in weights.items():
        scale, index, leaf = key.removeprefix("layer").split(".")
        with_features[f"scale{scale}_layer{layers[index]}.0.{leaf}"] = value
    net = interop.load_pix2pixhd_discriminator(with_features)
    assert same(net, interop.load_pix2pixhd_discriminator(weights))
    assert torch.equal(net.scales[0].output.weight, weights["layer2.8.weight"])  # full size comes last there
    renamed = interop.multiscale_from_pix2pixhd(with_features)
    assert set(renamed) == set(net.state_dict())


def test_the_norm_of_pix2pixhd_is_read_off_its_weights(read_parity):
    batch = interop.load_pix2pixhd_global(read_parity("pix2pixhd_global_batch")[0])
    assert isinstance(batch.trunk.input.norm, torch.nn.BatchNorm2d)
    weights, *_ = read_parity("pix2pixhd_encoder")
    assert set(interop.encoder_from_pix2pixhd(weights)) == set(
        interop.load_pix2pixhd_encoder(weights).state_dict()
    )
    assert set(interop.global_from_pix2pixhd(read_parity("pix2pixhd_global_batch")[0])) == set(
        batch.state_dict()
    )


def test_the_two_generators_of_pix2pixhd_are_distinguished(read_parity):
    with pytest.raises(ValueError, match=r"local enhancer .* 'model1_1.1.weight'; .* load_pix2pixhd_global"):
        interop.load_pix2pixhd_local(read_parity("pix2pixhd_global_batch")[0])
    with pytest.raises(ValueError, match=r"global generator checkpoint does not fit"):
        interop.load_pix2pixhd_global(read_parity("pix2pixhd_local1")[0])
