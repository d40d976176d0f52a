import copy
import json

import pytest
import torch
from gan_trainers import EMA, Run
from torch import nn


def line(weight):
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, weight)
    return network


def move(network, weight):
    nn.init.constant_(network.weight, weight)


def test_recursion_by_hand():
    network = line(0.0)
    ema = EMA(network, half_life=1)  # decay 1/2
    seen = []
    for weight in (8.0, 8.0, 0.0):
        move(network, weight)
        ema.update()
        seen.append(ema.average.weight.item())
    assert seen == pytest.approx([4.0, 6.0, 3.0], abs=1e-6)


@pytest.mark.parametrize("half_life", [1, 7, 40.5])
def test_after_half_life_updates_the_old_weight_counts_half(half_life):
    network = line(1.0)
    ema = EMA(network, half_life)
    move(network, 0.0)
    for _ in range(int(half_life * 2)):
        ema.update()
    assert ema.average.weight.item() == pytest.approx(0.25, rel=1e-5)


@pytest.mark.parametrize("ramp_up", [None, 0.05])
def test_a_half_life_of_0_gives_the_weights_themselves(ramp_up):
    network = line(0.0)
    ema = EMA(network, half_life=0, ramp_up=ramp_up)
    move(network, 3.0)
    ema.update()
    assert ema.average.weight.item() == 3.0


def test_ramp_up_bounds_the_half_life_by_a_fraction_of_the_updates():
    network = line(0.0)
    ema = EMA(network, half_life=2, ramp_up=0.5)  # half-lives 0.5, 1, 1.5, 2, 2
    expected = 0.0
    for updates in range(1, 6):
        move(network, float(updates))
        ema.update()
        decay = 0.5 ** (1 / min(2, 0.5 * updates))
        expected = decay * expected + (1 - decay) * updates
        assert ema.average.weight.item() == pytest.approx(expected, rel=1e-6)


def test_buffers_are_copied_and_the_call_is_the_averaged_network_in_inference_mode(generator):
    ema = EMA(generator, half_life=10)
    x = torch.randn(4, 3, 8, 8)
    generator(x + 3)  # moves the running statistics
    ema.update()
    assert torch.equal(ema.average.norm.running_mean, generator.norm.running_mean)
    assert ema.average.norm.num_batches_tracked == 1
    twin = copy.deepcopy(generator).eval()
    twin.load_state_dict(ema.average.state_dict())
    assert torch.equal(ema(x), twin(x))
    assert not ema(x.requires_grad_()).requires_grad
    assert generator.training


def test_never_trains_and_never_learns(generator):
    ema = EMA(generator, half_life=10)
    assert not ema.train().training
    assert not nn.ModuleList([ema]).train()[0].average.norm.training
    assert not any(parameter.requires_grad for parameter in ema.parameters())
    assert len(list(ema.parameters())) == len(list(generator.parameters()))  # the source is no part of it


def test_state_makes_a_round_trip():
    network = line(0.0)
    ema, other = EMA(network, 5, ramp_up=0.1), EMA(network, 5, ramp_up=0.1)
    for weight in (1.0, 2.0, 3.0):
        move(network, weight)
        ema.update()
    other.load_state_dict(ema.state_dict())
    move(network, 9.0)
    ema.update()
    other.update()
    assert torch.equal(ema.average.weight, other.average.weight)


@pytest.mark.parametrize("built", ["before register", "after keep"])
@pytest.mark.parametrize("channels_last", [False, True])
def test_calls_its_own_weights_in_low_precision(tmp_path, generator, built, channels_last):
    """`keep` puts autocast around a network's forward; a copy must not call the original through it."""
    run = Run(tmp_path, precision="bf16", channels_last=channels_last)
    ema = EMA(generator, half_life=1) if built == "before register" else None
    run.register(g=generator)
    ema = ema or EMA(generator, half_life=1)
    run.register(ema=ema)
    x = torch.randn(2, 3, 8, 8)
    before = ema(x)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.zero_()
    assert torch.equal(ema(x), before)
    assert ema(x).dtype is torch.float32
    ema.update()
    assert not torch.equal(ema(x), before)


def test_extra_state_is_plain_data():
    assert json.dumps(EMA(line(0.0), 1).state_dict()["_extra_state"]) == "0"


@pytest.mark.parametrize(("half_life", "ramp_up"), [(-1, None), (5, 0)])
def test_refuses_what_is_out_of_range(half_life, ramp_up):
    with pytest.raises(ValueError, match="half_life must be 0 or more and ramp_up positive; got"):
        EMA(line(0.0), half_life, ramp_up)
