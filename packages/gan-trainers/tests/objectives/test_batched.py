"""Several batches in one forward, where that is exact; and a forward each where it is not."""

import copy

import pytest
import torch
from gan_trainers import batched
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm


def network(norm=lambda: nn.GroupNorm(4, 4)):
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), norm(), nn.ReLU(), nn.Conv2d(4, 3, 1), nn.Tanh())


class TwoScales(nn.Module):
    """A discriminator with two outputs."""

    def __init__(self):
        super().__init__()
        self.fine, self.coarse = nn.Conv2d(3, 1, 3), nn.Conv2d(3, 1, 5, stride=2)

    def forward(self, x):
        return [self.fine(x), self.coarse(x)]


def made(build):
    torch.manual_seed(0)
    return build().double()


def batches(*counts, sizes=None):
    torch.manual_seed(1)
    sides = sizes or [8] * len(counts)
    return [torch.rand(n, 3, side, side, dtype=torch.float64) for n, side in zip(counts, sides, strict=True)]


def count(net):
    """The numbers of images of its forwards from now on."""
    seen = []
    net.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    return seen


def gradients(net, loss):
    return torch.autograd.grad(loss, list(net.parameters()))


NORMS = {
    "group norm": lambda: nn.GroupNorm(4, 4),
    "instance norm": lambda: nn.InstanceNorm2d(4, affine=True),
    "no norm": nn.Identity,
    "dropout that is off": lambda: nn.Dropout(0.0),
}


@pytest.mark.parametrize("norm", NORMS)
def test_batches_share_one_forward_with_the_same_results_and_gradients(norm):
    net = made(lambda: network(NORMS[norm]))
    x, y, z = batches(2, 1, 3)
    expected = [net(each) for each in (x, y, z)]
    expected_gradients = gradients(net, sum(each.square().mean() for each in expected))
    seen = count(net)
    got = batched(net)(x, y, z)
    assert seen == [6]
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-14)
    got_gradients = gradients(net, sum(each.square().mean() for each in got))
    for one, other in zip(got_gradients, expected_gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


def test_scales_are_split_into_a_list_for_each_batch():
    d = made(TwoScales)
    real, fake = batches(2, 3)
    expected = [d(real), d(fake)]
    seen = count(d)
    got = batched(d)(real, fake)
    assert seen == [5]
    for scales, others in zip(got, expected, strict=True):
        assert [scale.shape for scale in scales] == [scale.shape for scale in others]
        for scale, other in zip(scales, others, strict=True):
            torch.testing.assert_close(scale, other, rtol=1e-12, atol=1e-14)


def test_none_stays_none_in_its_place():
    net = made(network)
    x, y = batches(1, 2)
    seen = count(net)
    first, none, second = batched(net)(x, None, y)
    assert seen == [3]
    assert none is None
    assert (first.shape, second.shape) == (x.shape, y.shape)
    assert batched(net)(None) == [None]
    assert batched(net)() == []
    assert seen == [3]


def test_a_single_batch_is_passed_as_it_is():
    net = made(network)
    (x,) = batches(2)
    (got,) = batched(net)(x)
    assert torch.equal(got, net(x))
    (got,) = [each for each in batched(net)(None, x) if each is not None]
    assert torch.equal(got, net(x))


def test_batches_of_different_sizes_have_a_forward_each():
    net = made(network)
    x, y = batches(2, 1, sizes=[8, 12])
    seen = count(net)
    got = batched(net)(x, y)
    assert seen == [2, 1]
    assert torch.equal(got[0], net(x))
    assert torch.equal(got[1], net(y))


class FunctionalDropout(nn.Module):
    def __init__(self):
        super().__init__()
        self.dropout = 0.5

    def forward(self, x):
        return nn.functional.dropout(x, self.dropout, self.training)


MIXING = {
    "batch norm": lambda: network(lambda: nn.BatchNorm2d(4)),
    "dropout": lambda: network(nn.Dropout),
    "dropout of channels": lambda: network(nn.Dropout2d),
    "functional dropout": lambda: network(FunctionalDropout),
    "spectral norm": lambda: nn.Sequential(spectral_norm(nn.Conv2d(3, 3, 1))),
    "spectral norm as a hook": lambda: nn.Sequential(nn.utils.spectral_norm(nn.Conv2d(3, 3, 1))),
    "running statistics": lambda: network(lambda: nn.InstanceNorm2d(4, track_running_stats=True)),
}


@pytest.mark.parametrize("kind", MIXING)
def test_networks_that_mix_images_draw_or_change_are_called_for_each_batch_in_order(kind):
    net = made(MIXING[kind])
    twin = copy.deepcopy(net)
    x, y, z = batches(2, 3, 1)
    seen = count(net)
    torch.manual_seed(2)
    got = batched(net)(x, None, y, z)
    assert seen == [2, 3, 1]
    torch.manual_seed(2)
    for one, other in zip([each for each in got if each is not None], map(twin, (x, y, z)), strict=True):
        assert torch.equal(one, other)
    for name, buffer in net.named_buffers():
        assert torch.equal(buffer, twin.get_buffer(name)), name


def test_functions_around_networks_are_called_for_each_batch_with_the_same_result():
    net = made(network)
    x, y = batches(2, 1)
    expected = batched(net)(x, y)
    seen = count(net)
    got = batched(lambda each: net(each))(x, y)
    assert seen == [2, 1]
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-14)


class BatchSpread(nn.Module):
    """A discriminator whose logits depend on the whole batch, by no layer of torch's."""

    def forward(self, x):
        return x.mean((1, 2, 3)) + x.std(0).mean()


def test_a_function_keeps_the_batches_of_an_unrecognized_layer_apart():
    d = BatchSpread()
    real, fake = batches(3, 2)
    expected = [d(real), d(fake)]
    apart = batched(lambda x: d(x))(real, fake)
    assert all(map(torch.equal, apart, expected))
    mixed = batched(d)(real, fake)
    assert not torch.allclose(mixed[0], expected[0])
