from itertools import pairwise

import gan_nets
import pytest
import torch
from gan_nets import CoGANDiscriminator, CoGANGenerator, init_normal_
from torch.nn import functional as F


def parameters(net):
    return sum(p.numel() for p in net.parameters())


def test_parameters_are_those_of_the_papers_layers():
    """The faces of the paper: 128x128, 100 latents, 1024 channels at 4x4 down to 32 at the full size."""
    widths = [1024, 512, 256, 128, 64, 32]
    convs = 100 * 1024 * 4 * 4 + sum(a * b * 4 * 4 for a, b in pairwise(widths))
    # Scale and shift of batch norm, and PReLU's slopes; two last layers.
    assert parameters(CoGANGenerator()) == convs + 3 * sum(widths) + 2 * (32 * 3 * 3 * 3 + 3)
    first = 3 * 32 * 5 * 5 + 3 * 32
    convs = 32 * 64 * 25 + 64 * 128 * 25 + 128 * 256 * 9 + 256 * 512 * 9 + 512 * 1024 * 9
    shared = convs + 3 * (64 + 128 + 256 + 512 + 1024) + 2 * 2 * 1024 * 2048 + 3 * 2048 + 2048 + 1
    assert parameters(CoGANDiscriminator()) == 2 * first + shared


def test_the_papers_dropout():
    rates = [block.dropout.p for block in CoGANDiscriminator().shared]
    assert rates == [0.0, 0.1, 0.3, 0.3, 0.5, 0.5]
    assert [block.dropout.p for block in CoGANDiscriminator(64).shared] == [0.0, 0.1, 0.3, 0.5, 0.5]


def block(x, net, conv):
    """Convolution, batch norm with the batch's statistics and PReLU, by torch's functions."""
    x = conv(x)
    mean, variance = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), unbiased=False, keepdim=True)
    scale, shift, slope = (p[:, None, None] for p in (net.norm.weight, net.norm.bias, net.prelu.weight))
    x = (x - mean) / (variance + 1e-5).sqrt() * scale + shift
    return x.clamp(min=0) + slope * x.clamp(max=0)


def test_the_generators_equation():
    torch.manual_seed(0)
    net, z = CoGANGenerator(16, latents=3, width=2).double(), torch.randn(4, 3, dtype=torch.float64)
    init_normal_(net, std=0.5)
    x = z[:, :, None, None]
    for index, layer in enumerate(net.shared):
        geometry = {"stride": 2, "padding": 1} if index else {}
        weight = layer.conv.weight
        x = block(x, layer, lambda x, w=weight, g=geometry: F.conv_transpose2d(x, w, **g))
    expected = [torch.tanh(F.conv2d(x, last.weight, last.bias, padding=1)) for last in net.outputs]
    pair = net(z)
    assert pair.shape == (4, 6, 16, 16)
    torch.testing.assert_close(pair[:, :3], expected[0])
    torch.testing.assert_close(pair[:, 3:], expected[1])


def test_the_discriminators_equation():
    torch.manual_seed(0)
    net, pair = CoGANDiscriminator(8, width=2).double(), torch.randn(4, 6, 8, 8, dtype=torch.float64)
    init_normal_(net, std=0.5)
    for layer in net.shared:
        layer.dropout.p = 0.0
    x = torch.cat(
        [
            block(images, first, lambda x, w=first.conv.weight: F.conv2d(x, w, stride=2, padding=2))
            for images, first in zip((pair[:, :3], pair[:, 3:]), net.inputs, strict=True)
        ]
    )
    halving, hidden = net.shared
    x = block(x, halving, lambda x: F.conv2d(x, halving.conv.weight, stride=2, padding=2))
    x = block(x.flatten(1)[:, :, None, None], hidden, lambda x: full(x, hidden.conv.weight))
    logits = full(x, net.output.weight)[:, 0, 0, 0] + net.output.bias
    torch.testing.assert_close(net(pair), torch.stack([logits[:4], logits[4:]], dim=1))


def full(x, weight):
    """A fully connected layer, of the weights of a convolution."""
    return (x.flatten(1) @ weight.flatten(1).T)[:, :, None, None]


def test_a_logit_is_about_its_own_image_alone():
    net, pair = CoGANDiscriminator(8, width=2).eval(), torch.randn(1, 6, 8, 8)
    other = pair.clone()
    other[:, 3:] = torch.randn(1, 3, 8, 8)
    assert net(pair)[0, 0] == net(other)[0, 0]
    assert net(pair)[0, 1] != net(other)[0, 1]


@pytest.mark.parametrize("size", [8, 64, 128])
def test_every_size_trains_every_parameter(size):
    generator = CoGANGenerator(size, latents=5, width=2)
    discriminator = CoGANDiscriminator(size, width=2)
    pair = generator(torch.randn(3, 5))
    assert pair.shape == (3, 6, size, size)
    logits = discriminator(pair)
    assert logits.shape == (3, 2)
    logits.square().mean().backward()
    for net in (generator, discriminator):
        assert all(p.grad is not None and p.grad.norm() > 0 for p in net.parameters())


@pytest.mark.parametrize(
    ("net", "x"),
    [
        (CoGANGenerator(16, latents=5, width=2), torch.randn(1, 5)),
        (CoGANDiscriminator(16, width=2), torch.randn(1, 6, 16, 16)),
    ],
)
def test_save_and_load(net, x, tmp_path):
    net.eval().save_pretrained(tmp_path)
    assert torch.equal(net(x), gan_nets.load(tmp_path)(x))


def test_bad_input_is_one_clear_sentence():
    for cls in (CoGANGenerator, CoGANDiscriminator):
        with pytest.raises(ValueError, match="power of 2 from 8 to 256; got 48"):
            cls(48)
        with pytest.raises(ValueError, match="expected width to be a positive integer; got 0"):
            cls(width=0)
    with pytest.raises(ValueError, match=r"CoGANGenerator expected latents \(N, 100\)"):
        CoGANGenerator(8)(torch.zeros(1, 100, 1, 1))
    with pytest.raises(ValueError, match=r"CoGANDiscriminator expected images \(N, 6, H, W\)"):
        CoGANDiscriminator(8)(torch.zeros(1, 3, 8, 8))
    with pytest.raises(ValueError, match="expected images of 8x8; got 16x16; resize them"):
        CoGANDiscriminator(8)(torch.zeros(1, 6, 16, 16))
