import random

import pytest
import torch
import torch.nn.functional as F
from gan_nets import ResnetGenerator, UNetGenerator, apply_any_size, crop_to, pad_to_multiple

SIZES = [(1, 1), (1, 37), (19, 1), (2, 3), (8, 8), (9, 16), (31, 17)]
SIZES += [(rng.randint(1, 40), rng.randint(1, 40)) for rng in [random.Random(0)] for _ in range(15)]


@pytest.mark.parametrize("size", SIZES)
def test_any_size_in_gives_the_same_size_out(size):
    net = UNetGenerator(depth=3, width=2).eval()
    x = torch.randn(2, 3, *size)
    out = apply_any_size(net, x)
    assert out.shape == x.shape
    assert out.isfinite().all()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("multiple", [1, 4, 7, 32])
def test_cropping_undoes_padding(size, multiple):
    x = torch.randn(1, 2, *size)
    padded, original = pad_to_multiple(x, multiple)
    assert padded.shape[2] % multiple == padded.shape[3] % multiple == 0
    assert all(0 <= p - s < multiple for p, s in zip(padded.shape[2:], size, strict=True))
    assert torch.equal(crop_to(padded, original), x)


def test_padding_reflects_without_repeating_the_edge():
    x = torch.randn(1, 1, 13, 11)
    padded, _ = pad_to_multiple(x, 8)
    assert torch.equal(padded, F.pad(x, (0, 5, 0, 3), mode="reflect"))


def test_short_sides_are_reflected_back_and_forth():
    padded, _ = pad_to_multiple(torch.tensor([[[[1.0, 2.0, 3.0]]]]), 8)
    assert padded[0, 0, 0].tolist() == [1, 2, 3, 2, 1, 2, 3, 2]
    assert torch.equal(padded[0, 0], padded[0, 0, :1].expand(8, 8))


def test_an_image_that_fits_is_not_copied_or_changed():
    net = UNetGenerator(depth=3, width=2).eval()
    x = torch.randn(1, 3, 16, 8)
    assert pad_to_multiple(x, 8)[0] is x
    assert torch.equal(apply_any_size(net, x), net(x))


def test_wrong_input_is_refused():
    with pytest.raises(ValueError, match=r"at least 1x1; got \(1, 3, 0, 4\)"):
        pad_to_multiple(torch.zeros(1, 3, 0, 4), 8)
    with pytest.raises(ValueError, match="multiple of at least 1; got 0"):
        pad_to_multiple(torch.zeros(1, 3, 4, 4), 0)
    with pytest.raises(ValueError, match="at least 5x4 to crop"):
        crop_to(torch.zeros(1, 3, 4, 4), (5, 4))


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (5, 30)])
def test_a_network_gets_at_least_its_minimum_size(size):
    net = ResnetGenerator(blocks=1, width=2).eval()
    assert apply_any_size(net, torch.zeros(1, 3, *size)).shape[-2:] == size
    padded, original = pad_to_multiple(torch.arange(3.0).expand(1, 1, 1, 3), 2, least=8)
    assert padded.shape == (1, 1, 8, 8)
    assert padded[0, 0, 7].tolist() == [0, 1, 2, 1, 0, 1, 2, 1]
    assert original == (1, 3)
