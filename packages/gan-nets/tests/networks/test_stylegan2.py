import gan_nets
import pytest
import torch
from gan_nets import StyleGAN2Generator, stylegan2_projected


def tiny(**options):
    torch.manual_seed(0)
    settings = {"latents": 6, "styles": 8, "mapping_layers": 2, "base_channels": 128, "most_channels": 8}
    return StyleGAN2Generator(32, **settings | options)


def test_parameters_of_the_papers_largest_configuration():
    assert sum(p.numel() for p in StyleGAN2Generator(1024).parameters()) == 30_370_060


def test_projected_gans_setting():
    net = stylegan2_projected(16)
    assert [tuple(layer.weight.shape) for layer in net.mapping.layers] == [(128, 64), (128, 128)]


@pytest.mark.parametrize("classes", [0, 3])
def test_every_parameter_gets_a_gradient(classes):
    net, labels = tiny(classes=classes), torch.tensor([0, 1, 2]) if classes else None
    image = net(torch.randn(3, 6), labels)
    assert image.shape == (3, 3, 32, 32)
    image.square().mean().backward()
    assert all(p.grad is not None and p.grad.norm() > 0 for p in net.parameters())


def test_the_class_changes_the_image():
    net, z = tiny(classes=2).eval(), torch.randn(1, 6)
    one, other = (net(z, torch.tensor([label]), noise="none") for label in (0, 1))
    assert (one - other).abs().max() > 1e-3


def test_only_the_direction_of_the_latents_counts():
    net, z = tiny().eval(), torch.randn(1, 6)
    torch.testing.assert_close(net(z), net(3 * z), atol=1e-5, rtol=1e-5)


def test_noise_is_sampled_given_or_left_out():
    net, z = tiny().eval(), torch.randn(2, 6)
    assert net.noise_sizes == [4, 8, 8, 16, 16, 32, 32]
    assert torch.equal(net(z), net(z))  # the strengths start at 0
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if name.endswith("noise"):
                parameter.fill_(0.5)
    assert not torch.equal(net(z), net(z))
    maps = [torch.randn(1, 1, size, size) for size in net.noise_sizes]
    assert torch.equal(net(z, noise=maps), net(z, noise=maps))
    zeros = [torch.zeros_like(x) for x in maps]
    assert torch.equal(net(z, noise="none"), net(z, noise=zeros))


def test_the_mean_style_is_updated_in_training_alone():
    net, z = tiny(), torch.randn(5, 6)
    w = net.mapping(z, None)
    net(z)
    torch.testing.assert_close(net.mean_style, 0.005 * w.mean(0))
    before = net.mean_style.clone()
    net.eval()(z)
    assert torch.equal(net.mean_style, before)


def test_truncation_moves_styles_to_the_mean_style():
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
    styles = []
    for module in (net.first, *net.refining):  # the styles of layers 0, 2, 4 and 6
        module.register_forward_pre_hook(lambda _, inputs: styles.append(inputs[1]))
    net(z, mixed=other, crossover=3)
    one, two = net.mapping(z, None), net.mapping(other, None)
    assert all(map(torch.equal, styles, (one, one, two, two)))


def test_bf16_and_channels_last_are_close():
    net, z = tiny().eval(), torch.randn(4, 6)
    expected = net(z)
    torch.testing.assert_close(net.to(memory_format=torch.channels_last)(z), expected, atol=1e-4, rtol=1e-4)
    with torch.autocast("cpu", torch.bfloat16):
        image = net(z)
    assert 0 < (image - expected).norm() < 0.05 * expected.norm()


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
    with pytest.raises(ValueError, match=r"StyleGAN2Generator expected latents \(N, 6\), .* got \(1, 5\)"):
        net(torch.zeros(1, 5))
    with pytest.raises(
        ValueError, match=r"\(N or 1, 1, s, s\) with N = 1 for s in \[4, 8, .*\]; got \[\(1, 1, 4, 4\)\]"
    ):
        net(z, noise=[torch.zeros(1, 1, 4, 4)])
    with pytest.raises(ValueError, match=r"with N = 1 for s in .*; got \[\(3, 1, 4, 4\), "):
        net(z, noise=[torch.zeros(3, 1, size, size) for size in net.noise_sizes])
    with pytest.raises(ValueError, match=r"mixed of the shape of z, \(1, 6\); got \(2, 6\); sample it"):
        net(z, mixed=torch.zeros(2, 6), crossover=3)
    with pytest.raises(
        ValueError, match="crossover from 1 to 7 together; got a tensor for mixed and crossover 8"
    ):
        net(z, mixed=z, crossover=8)
    with pytest.raises(ValueError, match="got nothing for mixed and crossover 3"):
        net(z, crossover=3)


def test_images_come_with_the_styles_of_all_layers_that_they_are_made_of():
    """The gradient with respect to the mapping's output is that to the styles, summed over the layers."""
    torch.manual_seed(0)
    g = StyleGAN2Generator(8, latents=4, styles=6, mapping_layers=1, base_channels=32).double()
    z, mixed = torch.randn(2, 4).double(), torch.randn(2, 4).double()
    outputs = []
    hook = g.mapping.register_forward_hook(lambda _, __, w: outputs.append(w))
    images, styles = g(z, noise="none", with_styles=True)
    hook.remove()
    assert styles.shape == (2, 4, 6)
    by_style, by_w = torch.autograd.grad(images.square().sum(), [styles, outputs[0]])
    assert by_style.abs().sum(2).min() > 0
    torch.testing.assert_close(by_style.sum(1), by_w)
    images, styles = g(z, mixed=mixed, crossover=1, noise="none", with_styles=True)
    assert torch.equal(images, g(z, mixed=mixed, crossover=1, noise="none"))
    torch.testing.assert_close(styles[:, 0], g.mapping(z, None))
    torch.testing.assert_close(styles[:, 3], g.mapping(mixed, None))
