"""StyleGAN2's discriminator against its equations written out."""

import math

import pytest
import torch
import torch.nn.functional as F
from gan_nets import StyleGAN2Discriminator
from gan_nets.layers.deviation import MinibatchDeviation, deviation_map


def small(size=16, **options):
    return StyleGAN2Discriminator(size, base_channels=64, **options)


def images(count=4, size=16, channels=3):
    return torch.rand(count, channels, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1


def leaky(x):
    return torch.where(x > 0, x, 0.2 * x) * math.sqrt(2)


def equalized(layer, x, stride=1, padding=0):
    weight = layer.weight / math.sqrt(layer.weight[0].numel())
    if weight.ndim == 2:
        return x @ weight.T + layer.bias
    return F.conv2d(x, weight, layer.bias, stride, padding)


def blurred(x, padding):
    """By (1, 3, 3, 1) / 8 in each direction, one channel at a time."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=x.dtype) / 8
    rows = F.conv2d(F.pad(x, [0, 0, padding, padding]).flatten(0, 1)[:, None], taps.reshape(1, 1, 4, 1))
    both = F.conv2d(F.pad(rows, [padding, padding]), taps.reshape(1, 1, 1, 4))
    return both.reshape(*x.shape[:2], *both.shape[-2:])


def written_out(net, x):
    """Section 4.1 in float64."""
    x = leaky(equalized(net.input, x))
    for block in net.blocks:
        y = leaky(equalized(block.first, x, padding=1))
        y = leaky(equalized(block.second, blurred(y, 2), stride=2))
        x = (y + equalized(block.direct, blurred(x, 1)[..., ::2, ::2])) / math.sqrt(2)
    deviation = ((x - x.mean(0)) ** 2).mean(0).add(1e-8).sqrt().mean()
    x = torch.cat([x, deviation.expand(len(x), 1, 4, 4)], 1)
    x = leaky(equalized(net.last, x, padding=1))
    return leaky(equalized(net.hidden, x.flatten(1)))


def test_the_equations_of_four_images():
    torch.manual_seed(0)
    net, x = small().double(), images().double()
    for name, bias in net.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(bias)
    torch.testing.assert_close(net(x), equalized(net.output, written_out(net, x)))


def test_classes_are_a_product_with_their_embedding():
    torch.manual_seed(0)
    net, x, labels = small(classes=3).double(), images().double(), torch.tensor([0, 2, 1, 2])
    vectors = equalized(net.output, written_out(net, x))
    wanted = net.embedding.weight[labels]
    wanted = wanted / (wanted.square().mean(1, keepdim=True) + 1e-8).sqrt()
    expected = (vectors * wanted).sum(1, keepdim=True) / math.sqrt(vectors.shape[1])
    torch.testing.assert_close(net(x, labels), expected, rtol=1e-6, atol=1e-8)


def test_the_deviation_is_over_groups_that_divide_the_batch():
    x = torch.zeros(6, 2, 1, 1)
    x[0], x[1], x[3] = 1.0, 5.0, 3.0  # groups of 3 of 6 images: 0, 2, 4 and 1, 3, 5
    found = deviation_map(x, 4)[:, 0, 0, 0]
    expected = [torch.tensor(values).std(unbiased=False).item() for values in ([1.0, 0, 0], [5.0, 3, 0])]
    torch.testing.assert_close(found, torch.tensor(expected * 3), atol=1e-4, rtol=0)
    assert deviation_map(x[:1], 4).item() == pytest.approx(1e-4)  # one image has none


def test_the_deviation_may_be_over_the_batches_of_all_processes():
    x = torch.randn(6, 2, 3, 3)
    layer = MinibatchDeviation(4)
    whole = layer(x)
    layer.share_batch_(lambda function, rows: function(torch.cat([x[:4], rows]))[4:])  # the second of two
    torch.testing.assert_close(layer(x[4:]), whole[4:])
    own = layer.eval()(x[4:])  # one process alone may evaluate
    torch.testing.assert_close(own, torch.cat([x[4:], deviation_map(x[4:], 4)], 1))


@pytest.mark.parametrize(("size", "base", "count"), [(1024, 32768, 29_012_513), (256, 16384, None)])
def test_every_size_ends_in_one_logit(size, base, count):
    with torch.device("meta"):
        net = StyleGAN2Discriminator(size, base_channels=base)
        assert net(torch.empty(2, 3, size, size)).shape == (2, 1)
    channels = {s: min(512, base // s) for s in (2**p for p in range(2, 11)) if s <= size}
    total = 4 * channels[size]
    for s in channels:
        if s > 4:
            a, b = channels[s], channels[s // 2]
            total += (9 * a * a + a) + (9 * a * b + b) + a * b
    total += 9 * 513 * 512 + 512 + 16 * 512 * 512 + 512 + 513
    assert sum(p.numel() for p in net.parameters()) == total
    if count:
        assert total == count


def test_the_gradient_penalty_can_be_differentiated():
    net, x = small(8).double(), images(2, 8).double().requires_grad_()
    (gradient,) = torch.autograd.grad(net(x).sum(), x, create_graph=True)
    gradient.square().sum().backward()
    assert all(p.grad is not None for name, p in net.named_parameters() if name.endswith("weight"))


def test_wrong_images_and_labels_are_named():
    with pytest.raises(ValueError, match="expected images of 16x16; got 8x16; build it with their size"):
        small()(images()[..., :8, :])
    with pytest.raises(ValueError, match="with 0 classes expected no labels; got labels"):
        small()(images(), torch.zeros(4, dtype=torch.long))
