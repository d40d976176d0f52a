"""StyleGAN's generator: the paper's size, its equations written out, growing, styles and noise."""

import math

import gan_nets
import pytest
import torch
import torch.nn.functional as F
from gan_nets import StyleGANGenerator

GAIN = math.sqrt(2)


@pytest.fixture(scope="module")
def net():
    """With noise strengths and biases other than 0."""
    torch.manual_seed(0)
    net = StyleGANGenerator(16, latents=6, styles=5, mapping_layers=2, base_channels=64, most_channels=8)
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if name.endswith(("noise", "bias")):
                parameter.normal_()
    return net.double().eval()


def latents(seed=0):
    return torch.randn(3, 6, generator=torch.Generator().manual_seed(seed)).double()


def noise(net):
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(3, 1, size, size, generator=generator).double() for size in net.noise_sizes]


def test_the_papers_parameters():
    """26.2 million (section 2), as in ProGAN's table without the layers to images of the smaller sizes."""
    with torch.device("meta"):
        net = StyleGANGenerator()
    count = sum(p.numel() for name, p in net.named_parameters() if not name.startswith("to_image"))
    assert round(count / 1e6, 1) == 26.2
    assert net.sizes == [4, 8, 16, 32, 64, 128, 256, 512, 1024]
    assert net.layers == 18


def conv(layer, x, gain=GAIN):
    weight = layer.weight * gain / math.sqrt(layer.weight[0].numel())
    return F.conv2d(x, weight, layer.bias, padding=weight.shape[-1] // 2)


def styled(layer, x, w, noise):
    x = x + layer.bias[:, None, None] + layer.noise[:, None, None] * noise
    x = torch.where(x > 0, x, 0.2 * x)
    mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), keepdim=True, correction=0)
    style = w @ layer.style.weight.T / math.sqrt(w.shape[1]) + layer.style.bias
    scale, shift = style[:, :, None, None].chunk(2, 1)
    return (1 + scale) * (x - mean) / (variance + 1e-5).sqrt() + shift


def test_its_equations(net):
    z, maps = latents(), noise(net)
    w = z / z.square().mean(1, keepdim=True).sqrt()
    for layer in net.mapping.layers:
        w = w @ layer.weight.T * 0.01 / math.sqrt(w.shape[1]) + layer.bias * 0.01
        w = torch.where(w > 0, w, 0.2 * w) * math.sqrt(2)
    x = styled(net.first[0], net.constant.expand(3, -1, -1, -1), w, maps[0])
    x = styled(net.first[1], conv(net.conv, x), w, maps[1])
    pictures = [conv(net.to_image[0], x, gain=1)]
    for number, block in enumerate(net.blocks, start=1):
        x = F.interpolate(x, scale_factor=2, mode="bilinear")
        for k in range(2):
            x = styled(block.layers[k], conv(block.convs[k], x), w, maps[2 * number + k])
        pictures.append(conv(net.to_image[number], x, gain=1))
    for size, expected in zip((4, 8, 16), pictures, strict=True):
        torch.testing.assert_close(net(z, size=size, noise=maps), expected, rtol=1e-6, atol=1e-7)
    enlarged = pictures[1].repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(
        net(z, fade=0.25, noise=maps), 0.75 * enlarged + 0.25 * pictures[2], rtol=1e-6, atol=1e-7
    )


def test_styles_mix_from_the_crossover_on(net):
    z, other = latents(), latents(5)
    seen = []
    layers = [*net.first, *(layer for block in net.blocks for layer in block.layers)]
    hooks = [layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[1])) for layer in layers]
    net(z, mixed=other, crossover=4)
    for hook in hooks:
        hook.remove()
    one, two = net.mapping(z, None), net.mapping(other, None)
    assert all(map(torch.equal, seen, [one] * 4 + [two] * 2))


def test_every_parameter_gets_a_gradient_and_the_mean_style_moves(tmp_path):
    torch.manual_seed(0)
    net = StyleGANGenerator(8, latents=6, styles=5, mapping_layers=2, base_channels=32)
    z = torch.randn(4, 6)
    net(z, fade=0.5).square().mean().backward()
    without = {name for name, p in net.named_parameters() if p.grad is None or p.grad.norm() == 0}
    assert not without
    assert net.mean_style.abs().max() > 0
    net.eval().save_pretrained(tmp_path)
    same = gan_nets.load(tmp_path)
    assert torch.equal(net(z, noise="none"), same(z, noise="none"))
    torch.testing.assert_close(
        net(z, truncation=0.0, noise="none")[0], net(z[1:], truncation=0.0, noise="none")[0]
    )


def test_bad_input_is_one_clear_sentence(net):
    with pytest.raises(
        ValueError, match="StyleGANGenerator expected a size that is a power of 2 from 8 to 1024"
    ):
        StyleGANGenerator(12)
    with pytest.raises(ValueError, match=r"StyleGANGenerator expected one of the sizes \[4, 8, 16\]; got 32"):
        net(latents(), size=32)
    with pytest.raises(ValueError, match=r"StyleGANGenerator expected latents \(N, 6\), .* got \(1, 5\)"):
        net(torch.zeros(1, 5))
    with pytest.raises(ValueError, match="crossover from 1 to 5 together; got nothing for mixed"):
        net(latents(), crossover=3)
