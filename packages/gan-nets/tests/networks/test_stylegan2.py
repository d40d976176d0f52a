import gan_nets
import pytest
import torch
import torch.nn.functional as F
from gan_nets import StyleGAN2Generator, stylegan2_projected
from gan_nets.networks.stylegan2 import EqualLinear, ModulatedConv


def tiny(**options):
    torch.manual_seed(0)
    settings = {"latents": 6, "styles": 8, "mapping_layers": 2, "base_channels": 128, "most_channels": 8}
    return StyleGAN2Generator(32, **settings | options)


def modulated(conv, w):
    """Equations 1 to 3: the weights of each picture, (N, out, in, k, k)."""
    style = w @ conv.style.weight.T * conv.style.weight.shape[1] ** -0.5 + conv.style.bias
    weight = (conv.weight / conv.weight[0].numel() ** 0.5) * style[:, None, :, None, None]
    return weight / (weight.square().sum((2, 3, 4), keepdim=True) + 1e-8).sqrt()


def test_modulated_convolution_is_that_of_the_equations():
    torch.manual_seed(0)
    conv = ModulatedConv(3, 5, styles=4).double()
    x, w = torch.randn(2, 3, 6, 7, dtype=torch.float64), torch.randn(2, 4, dtype=torch.float64)
    expected = [F.conv2d(x[i : i + 1], modulated(conv, w)[i], padding=1) for i in range(2)]
    torch.testing.assert_close(conv(x, w), torch.cat(expected), rtol=1e-6, atol=1e-6)


def test_autocast_leaves_demodulation_and_mapping_in_full_precision():
    torch.manual_seed(0)
    conv, x, w = ModulatedConv(3, 5, styles=4), torch.randn(2, 3, 6, 7), torch.randn(2, 4)
    with torch.no_grad():
        conv.style.bias.fill_(300.0)  # whose square is beyond half precision
    mapping, z = tiny(classes=2).mapping, (torch.randn(3, 6), torch.tensor([0, 1, 1]))
    expected, style = conv(x, w), mapping(*z)
    with torch.autocast("cpu", torch.float16):
        torch.testing.assert_close(conv(x, w).float(), expected, atol=0.02, rtol=0.02)
        assert torch.equal(mapping(*z), style)


def test_enlarging_is_bilinear_and_then_a_convolution():
    torch.manual_seed(0)
    conv = ModulatedConv(3, 5, styles=4, enlarge=True).double()
    x, w = torch.randn(1, 3, 6, 6, dtype=torch.float64), torch.randn(1, 4, dtype=torch.float64)
    enlarged = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    # A transposed convolution has its weights the other way round, which is all one to weights that learn.
    expected = F.conv2d(enlarged, modulated(conv, w)[0].flip(2, 3), padding=1)
    assert conv(x, w).shape == expected.shape == (1, 5, 12, 12)
    inner = (..., slice(3, -3), slice(3, -3))  # they differ in what they take for the surroundings
    torch.testing.assert_close(conv(x, w)[inner], expected[inner], rtol=1e-6, atol=1e-6)


def test_equalised_learning_rate():
    layer = EqualLinear(4, 1, speed=0.01, bias=3.0)
    with torch.no_grad():
        layer.weight.fill_(200.0)
    # 4 * 200 * 0.01 / sqrt(4) + 3
    assert layer(torch.ones(1, 4)).item() == pytest.approx(7.0)
    assert layer.bias.item() == pytest.approx(300.0)


def test_parameters_of_the_papers_largest_configuration():
    assert sum(p.numel() for p in StyleGAN2Generator(1024).parameters()) == 30_370_060


def test_projected_gans_setting():
    net = stylegan2_projected(16)
    assert [tuple(layer.weight.shape) for layer in net.mapping.layers] == [(128, 64), (128, 128)]


@pytest.mark.parametrize("classes", [0, 3])
def test_every_parameter_learns(classes):
    net, labels = tiny(classes=classes), torch.tensor([0, 1, 2]) if classes else None
    picture = net(torch.randn(3, 6), labels)
    assert picture.shape == (3, 3, 32, 32)
    picture.square().mean().backward()
    assert all(p.grad is not None and p.grad.norm() > 0 for p in net.parameters())


def test_class_changes_the_picture():
    net, z = tiny(classes=2).eval(), torch.randn(1, 6)
    one, other = (net(z, torch.tensor([label]), noise="none") for label in (0, 1))
    assert (one - other).abs().max() > 1e-3


def test_only_the_direction_of_the_latents_counts():
    net, z = tiny().eval(), torch.randn(1, 6)
    torch.testing.assert_close(net(z), net(3 * z), atol=1e-5, rtol=1e-5)


def test_noise_is_drawn_given_or_left_out():
    net, z = tiny().eval(), torch.randn(2, 6)
    assert net.noise_sizes == [4, 8, 8, 16, 16, 32, 32]
    assert torch.equal(net(z), net(z))  # the strengths start from 0
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if name.endswith("noise"):
                parameter.fill_(0.5)
    assert not torch.equal(net(z), net(z))
    maps = [torch.randn(1, 1, size, size) for size in net.noise_sizes]
    assert torch.equal(net(z, noise=maps), net(z, noise=maps))
    zeros = [torch.zeros_like(x) for x in maps]
    assert torch.equal(net(z, noise="none"), net(z, noise=zeros))


def test_mean_style_follows_in_training_alone():
    net, z = tiny(), torch.randn(5, 6)
    w = net.mapping(z, None)
    net(z)
    torch.testing.assert_close(net.mean_style, 0.005 * w.mean(0))
    before = net.mean_style.clone()
    net.eval()(z)
    assert torch.equal(net.mean_style, before)


def test_truncation_leads_to_the_mean_style():
    net = tiny()
    net(torch.randn(50, 6))
    z = torch.randn(2, 6)
    net.eval()
    mean = net(z, truncation=0.0)
    torch.testing.assert_close(mean[0], mean[1])
    assert torch.equal(net(z, truncation=1.0), net(z))
    spread = [net(z, truncation=psi).std(0).mean().item() for psi in (0.2, 0.6, 1.0)]
    assert spread == sorted(spread)


def test_style_mixing_changes_the_layers_from_the_crossover_on():
    net, z, other = tiny().eval(), torch.randn(1, 6), torch.randn(1, 6)
    assert net.layers == 8
    torch.testing.assert_close(net(z, mixed=z, crossover=3), net(z))
    seen = []
    for module in (net.first, *net.refining):  # the styles of layers 0, 2, 4 and 6
        module.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[1]))
    net(z, mixed=other, crossover=3)
    one, two = net.mapping(z, None), net.mapping(other, None)
    assert all(map(torch.equal, seen, (one, one, two, two)))


def test_bf16_and_channels_last_are_close():
    net, z = tiny().eval(), torch.randn(4, 6)
    expected = net(z)
    torch.testing.assert_close(net.to(memory_format=torch.channels_last)(z), expected, atol=1e-4, rtol=1e-4)
    with torch.autocast("cpu", torch.bfloat16):
        picture = net(z)
    assert 0 < (picture - expected).norm() < 0.05 * expected.norm()


def test_save_and_load(tmp_path):
    net, z = tiny(), torch.randn(2, 6)
    net(z)
    net.eval().save_pretrained(tmp_path)
    assert torch.equal(net(z, truncation=0.5), gan_nets.load(tmp_path)(z, truncation=0.5))


def test_bad_input_is_one_clear_sentence():
    with pytest.raises(ValueError, match="power of 2 from 8 to 1024; got 100"):
        StyleGAN2Generator(100)
    with pytest.raises(ValueError, match="expected classes to be a positive integer, or 0 for none; got -1"):
        tiny(classes=-1)
    net, z = tiny(), torch.zeros(1, 6)
    with pytest.raises(ValueError, match=r"StyleGAN2Generator expected noise \(N, 6\), .* got \(1, 5\)"):
        net(torch.zeros(1, 5))
    with pytest.raises(
        ValueError, match=r"\(N or 1, 1, s, s\) with N = 1 for s in \[4, 8, .*\]; got \[\(1, 1, 4, 4\)\]"
    ):
        net(z, noise=[torch.zeros(1, 1, 4, 4)])
    with pytest.raises(ValueError, match=r"with N = 1 for s in .*; got \[\(3, 1, 4, 4\), "):
        net(z, noise=[torch.zeros(3, 1, size, size) for size in net.noise_sizes])
    with pytest.raises(ValueError, match=r"mixed of the shape of z, \(1, 6\); got \(2, 6\); draw it"):
        net(z, mixed=torch.zeros(2, 6), crossover=3)
    with pytest.raises(
        ValueError, match="crossover from 1 to 7 together; got a tensor for mixed and crossover 8"
    ):
        net(z, mixed=z, crossover=8)
    with pytest.raises(ValueError, match="got nothing for mixed and crossover 3"):
        net(z, crossover=3)
