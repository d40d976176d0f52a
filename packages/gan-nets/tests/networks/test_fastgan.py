from functools import partial

import gan_nets
import pytest
import torch
from gan_nets import FastGANGenerator, fastgan_official, fastgan_projected, init_normal_, interop
from torch.nn.utils.parametrize import is_parametrized

FILES = ["fastgan_generator_256"]
FILES += [f"pg_fastgan_synthesis_{size}{kind}" for size in (128, 256) for kind in ("", "_lite")]


def tiny(size=64, **options):
    torch.manual_seed(0)
    return FastGANGenerator(size, latents=8, width=4, **options)


@pytest.mark.parametrize("name", FILES)
def test_images_equal_those_of_the_original(name, read_parity):
    weights, inputs, outputs, constructor = read_parity(name)
    net = interop.convert(weights)
    assert net.size == constructor.get("im_size", constructor.get("img_resolution"))
    z, noise = inputs["z"].flatten(1), [inputs[f"noise_{i}"] for i in range(len(net.noise_sizes))]
    with torch.no_grad():
        images = {"out": net(z, noise=noise), "out_nonoise": net(z, noise="none")}
        if name.startswith("fastgan"):
            images = {key.replace("out", "big"): x for key, x in images.items()}
            images["small_128"] = net(z, noise=noise, small=True)[1]
    for key, image in images.items():
        for stored in (k for k in outputs if k.startswith(f"{key}_every")):
            step = int(stored.partition("every")[2])
            torch.testing.assert_close(image[:, :, ::step, ::step], outputs[stored], atol=1e-4, rtol=0)
            torch.testing.assert_close(image.mean((2, 3)), outputs[f"{key}_mean"], atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("build", "parameters"),
    [  # of the original code
        (lambda: fastgan_official(1024), 29_176_512),
        (lambda: fastgan_projected(256, lite=True), 79_354_307),
    ],
)
def test_parameter_counts_of_the_published_settings(build, parameters):
    assert sum(p.numel() for p in build().parameters()) == parameters


@pytest.mark.parametrize("size", [64, 128, 256, 512, 1024])
@pytest.mark.parametrize("classes", [0, 3])
def test_every_size_with_classes_and_without(size, classes):
    net = FastGANGenerator(size, latents=4, width=1, blocks="lite", classes=classes)
    labels = torch.tensor([2]) if classes else None
    assert net(torch.randn(1, 4), labels).shape == (1, 3, size, size)


@pytest.mark.parametrize("blocks", ["full", "lite", "alternating"])
@pytest.mark.parametrize("classes", [0, 3])
def test_every_parameter_gets_a_gradient(blocks, classes):
    net = tiny(blocks=blocks, classes=classes)
    z, labels = torch.randn(3, 8), torch.tensor([0, 2, 2]) if classes else None
    net(z, labels).square().mean().backward()
    assert all(p.grad is not None and p.grad.norm() > 0 for p in net.parameters())


def test_the_class_changes_the_image():
    net, z = tiny(classes=2).eval(), torch.randn(1, 8)
    one, other = (net(z, torch.tensor([label]), noise="none") for label in (0, 1))
    assert (one - other).abs().max() > 1e-3


def test_noise_is_sampled_given_or_left_out():
    net, z = tiny().eval(), torch.randn(2, 8)
    assert net.noise_sizes == [8, 8, 16, 16, 32, 32, 64, 64]
    assert torch.equal(net(z), net(z))  # the strengths start at 0
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if "noise" in name:
                parameter.fill_(0.5)
    assert not torch.equal(net(z), net(z))
    maps = [torch.randn(1, 1, size, size) for size in net.noise_sizes]
    assert torch.equal(net(z, noise=maps), net(z, noise=maps))
    zeros = [torch.zeros_like(x) for x in maps]
    assert torch.equal(net(z, noise="none"), net(z, noise=zeros))


def test_only_the_direction_of_normalized_latents_counts():
    z = torch.randn(1, 8)
    for normalized in (True, False):
        net = tiny(blocks="lite", normalize_latents=normalized).eval()
        assert torch.allclose(net(z), net(3 * z), atol=1e-5) is normalized


def test_bf16_and_channels_last_are_close():
    net, z = tiny(blocks="lite").eval(), torch.randn(4, 8)
    expected = net(z)
    torch.testing.assert_close(net.to(memory_format=torch.channels_last)(z), expected, atol=1e-4, rtol=0)
    with torch.autocast("cpu", torch.bfloat16):
        image = net(z)
    assert 0 < (image - expected).norm() < 0.1 * expected.norm()


def test_weights_under_spectral_norm_have_norm_1_after_an_initialization():
    torch.manual_seed(0)
    net = FastGANGenerator(64, latents=32, width=4).eval()
    init_normal_(net)
    assert not any(module.training for module in net.modules())
    norms = [
        torch.linalg.matrix_norm(module.weight.flatten(1), 2).item()
        for module in net.modules()
        if isinstance(module, torch.nn.Conv2d) and is_parametrized(module, "weight")
    ]
    assert len(norms) == 11
    assert norms == pytest.approx([1.0] * 11, abs=0.1)


def test_init_normal_sets_weights_under_spectral_norm():
    net = tiny(blocks="lite")
    init_normal_(net, std=0.02)
    weights = torch.cat([p.flatten() for name, p in net.named_parameters() if name.endswith("original")])
    assert 0.019 < weights.std() < 0.021


def test_save_and_load(tmp_path):
    net, z = tiny(classes=2, small_image=False).eval(), torch.randn(1, 8)
    net.save_pretrained(tmp_path)
    again = gan_nets.load(tmp_path)
    label = torch.tensor([1])
    assert torch.equal(net(z, label, noise="none"), again(z, label, noise="none"))


def test_prefixes_of_wrappers_are_removed(read_parity):
    weights, *_ = read_parity("pg_fastgan_synthesis_256_lite")
    net = interop.load_fastgan_generator({f"module.synthesis.{k}": v for k, v in weights.items()})
    expected = interop.load_fastgan_generator(weights).state_dict()
    assert all(torch.equal(value, expected[key]) for key, value in net.state_dict().items())
    assert interop.generator_from_fastgan(weights).keys() == expected.keys()


def test_other_checkpoints_are_refused_by_their_own_names(read_parity):
    weights, *_ = read_parity("pg_fastgan_synthesis_256_lite")
    state = {k: v for k, v in weights.items() if k != "feat_32.1.weight_v"} | {"extra.thing": torch.zeros(1)}
    with pytest.raises(ValueError, match=r"missing keys \(1\): feat_32.1.weight_v; .*: extra.thing"):
        interop.load_fastgan_generator(state)
    for state in ({}, {"conv.weight": torch.zeros(1)}):
        with pytest.raises(ValueError, match="the FastGAN generator checkpoint does not fit"):
            interop.load_fastgan_generator(state)


def test_bad_input_is_one_clear_sentence():
    with pytest.raises(ValueError, match="power of 2 from 64 to 1024; got 96"):
        FastGANGenerator(96)
    with pytest.raises(ValueError, match='blocks "full", "lite" or "alternating"; got \'small\''):
        FastGANGenerator(64, blocks="small")
    for build in (partial(FastGANGenerator, small_image=True), fastgan_official):
        with pytest.raises(ValueError, match="at least 256 with small_image; got 128; take a larger size"):
            build(128)
    with pytest.raises(ValueError, match="expected classes to be a positive integer, or 0 for none; got -1"):
        tiny(classes=-1)
    net = tiny()
    with pytest.raises(ValueError, match=r"latents \(N, 8\), floating-point; got \(1, 9\)"):
        net(torch.zeros(1, 9))
    with pytest.raises(ValueError, match="with 0 classes expected no labels; got labels"):
        net(torch.zeros(1, 8), torch.tensor([0]))
    with pytest.raises(ValueError, match=r"expected noise \"random\", \"none\" or maps .*; got 'no'"):
        net(torch.zeros(1, 8), noise="no")
    with pytest.raises(ValueError, match="built with small_image=True"):
        net(torch.zeros(1, 8), small=True)
    conditional = tiny(classes=2)
    with pytest.raises(ValueError, match="with 2 classes expected labels; got none"):
        conditional(torch.zeros(1, 8))
    with pytest.raises(ValueError, match=r"labels \(1,\), integers; got \(1, 2\)"):
        conditional(torch.zeros(1, 8), torch.tensor([[0, 1]]))
