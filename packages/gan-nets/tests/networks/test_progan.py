"""ProGAN's networks: the paper's sizes, their equations written out, and growing."""

import math

import pytest
import torch
import torch.nn.functional as F
from gan_nets import ProGANDiscriminator, ProGANGenerator

GAIN = math.sqrt(2)
SMALL = {"base_channels": 64, "most_channels": 8}


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    return ProGANGenerator(16, latents=6, **SMALL).double()


@pytest.fixture(scope="module")
def discriminator():
    torch.manual_seed(1)
    return ProGANDiscriminator(16, **SMALL).double()


def latents(count=4):
    return torch.randn(count, 6, generator=torch.Generator().manual_seed(0)).double()


def images(size, count=4):
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(0)).double() * 2 - 1


@pytest.mark.parametrize(("network", "millions"), [(ProGANGenerator, 23.1), (ProGANDiscriminator, 23.1)])
def test_the_parameters_of_table_2(network, millions):
    with torch.device("meta"):
        net = network()
    count = sum(p.numel() for name, p in net.named_parameters() if "image.0" not in name)
    assert round(count / 1e6, 1) == millions
    assert net.sizes == [4, 8, 16, 32, 64, 128, 256, 512, 1024]


def leaky(x):
    return torch.where(x > 0, x, 0.2 * x)


def pixel_norm(x):
    return x / (x.square().mean(1, keepdim=True) + 1e-8).sqrt()


def conv(layer, x, gain=GAIN):
    weight = layer.weight * gain / math.sqrt(layer.weight[0].numel())
    return F.conv2d(x, weight, layer.bias, padding=weight.shape[-1] // 2)


def linear(layer, x, gain=GAIN):
    return x @ (layer.weight * gain / math.sqrt(layer.weight.shape[1])).T + layer.bias


def test_the_generators_equations(generator):
    z = latents()
    x = pixel_norm(leaky(linear(generator.input, pixel_norm(z)).reshape(4, -1, 4, 4)))
    x = pixel_norm(leaky(conv(generator.first, x)))
    maps = [x]
    for block in generator.blocks:
        x = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
        x = pixel_norm(leaky(conv(block.first, x)))
        x = pixel_norm(leaky(conv(block.second, x)))
        maps.append(x)
    pictures = [conv(layer, each, gain=1) for layer, each in zip(generator.to_image, maps, strict=True)]
    for size, expected in zip((4, 8, 16), pictures, strict=True):
        torch.testing.assert_close(generator(z, size=size), expected, rtol=1e-6, atol=1e-8)
    enlarged = pictures[1].repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(generator(z, fade=0.0), enlarged)
    torch.testing.assert_close(generator(z, fade=0.25), 0.75 * enlarged + 0.25 * pictures[2])


def test_the_discriminators_equations(discriminator):
    x = images(16)
    y = leaky(conv(discriminator.from_image[2], x))
    for block in (discriminator.blocks[1], discriminator.blocks[0]):
        y = leaky(conv(block.second, leaky(conv(block.first, y))))
        y = F.avg_pool2d(y, 2)
    deviation = (((y - y.mean(0)) ** 2).mean(0) + 1e-8).sqrt().mean()
    y = torch.cat([y, deviation.expand(4, 1, 4, 4)], 1)
    y = leaky(linear(discriminator.hidden, leaky(conv(discriminator.last, y)).flatten(1)))
    torch.testing.assert_close(
        discriminator(x), linear(discriminator.output, y, gain=1), rtol=1e-6, atol=1e-8
    )


def test_a_discriminator_grows_from_the_image_at_half_of_its_size(discriminator):
    x = images(16)
    half = F.avg_pool2d(x, 2)
    torch.testing.assert_close(discriminator(x, fade=0.0), discriminator(half))
    assert not torch.allclose(discriminator(x, fade=0.5), discriminator(half))
    assert discriminator(images(4)).shape == (4, 1)


def test_a_new_block_has_no_gradient_before_it_fades_in(generator, discriminator):
    discriminator(generator(latents(), fade=0.0), fade=0.0).sum().backward()
    assert generator.blocks[1].first.weight.grad.abs().max() == 0
    assert generator.blocks[0].first.weight.grad.abs().max() > 0
    assert discriminator.blocks[1].first.weight.grad.abs().max() == 0
    assert discriminator.blocks[0].first.weight.grad.abs().max() > 0


def test_wrong_sizes_are_named(generator, discriminator):
    with pytest.raises(ValueError, match=r"ProGANGenerator expected one of the sizes \[4, 8, 16\]; got 32"):
        generator(latents(), size=32)
    with pytest.raises(ValueError, match=r"expected fade to be in \[0, 1\]; got 1.5"):
        generator(latents(), fade=1.5)
    with pytest.raises(ValueError, match="expected square images; got 8x16"):
        discriminator(images(16)[..., :8, :])
    with pytest.raises(ValueError, match=r"expected one of the sizes \[4, 8, 16\]; got 32"):
        discriminator(images(32))
