"""The memory layout of networks and images."""

import itertools

import pytest
import torch
from gan_trainers import EMA, Run
from gan_trainers.run.layout import Layout
from torch import nn

LAST = torch.channels_last


class Generator(nn.Conv2d):
    prefers_channels_last = True


def generator():
    return nn.Sequential(Generator(3, 4, 3))  # what a part of a network prefers counts, too


def discriminator():
    return nn.Conv2d(3, 4, 3)


def layouts(out, *networks, **options):
    """Whether the weights of the networks, and then images, are channels-last."""
    run = Run(out, **options)
    loader = run.loader([torch.randn(3, 8, 8)] * 2, 2)
    for number, network in enumerate(networks):
        run.register(**{f"network{number}": network})
    weights = [parameter for network in networks for parameter in network.parameters() if parameter.ndim == 4]
    return [tensor.is_contiguous(memory_format=LAST) for tensor in (*weights, next(iter(loader)))]


@pytest.fixture
def avx512(monkeypatch):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")


@pytest.mark.usefixtures("avx512")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_is_what_one_of_the_networks_prefers_with_avx512(tmp_path, precision):
    assert layouts(tmp_path, discriminator(), precision=precision) == [False, False]
    for networks in itertools.permutations([discriminator(), generator(), EMA(generator(), half_life=9)]):
        assert layouts(tmp_path, *networks, precision=precision) == [True] * 4


def test_is_the_plain_one_without_avx512(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    assert layouts(tmp_path, generator(), discriminator()) == [False] * 3


@pytest.mark.usefixtures("avx512")
@pytest.mark.parametrize("given", [False, True])
def test_is_the_given_one(tmp_path, given):
    for network in (discriminator(), generator()):
        assert layouts(tmp_path, network, channels_last=given) == [given, given]


@pytest.mark.parametrize("low", [False, True])
def test_follows_the_precision_on_a_gpu(low):
    layout = Layout(torch.device("cuda"), low_precision=low, channels_last=None)
    layout.apply_([generator(), discriminator()])
    assert layout.channels_last is low


@pytest.mark.usefixtures("avx512")
def test_is_printed_and_recorded(tmp_path, capsys):
    run = Run(tmp_path)
    network = generator()
    run.register(network=network)
    for _ in run.steps(run.loader([torch.zeros(3, 4, 4)], 1), until=1):
        pass
    assert "1 process on cpu, fp32, channels-last; parameters: network 0.00 M" in capsys.readouterr().err
    assert '"channels_last": true' in (tmp_path / "settings.json").read_text()
