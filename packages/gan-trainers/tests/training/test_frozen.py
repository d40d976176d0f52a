import pytest
import torch
from gan_trainers import frozen
from torch import nn


def flags(module):
    return [parameter.requires_grad for parameter in module.parameters()]


@pytest.fixture
def network():
    network = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    network[0].requires_grad_(False)  # a backbone that never learns
    return network


def test_restores_only_what_was_on(network):
    with frozen(network):
        assert flags(network) == [False] * 4
    assert flags(network) == [False, False, True, True]


def test_restores_after_an_exception(network):
    with pytest.raises(KeyError), frozen(network):
        raise KeyError
    assert flags(network) == [False, False, True, True]


def test_nested_and_overlapping(network):
    with frozen(network[1]):
        with frozen(network, network[1]):
            assert flags(network) == [False] * 4
        assert flags(network) == [False] * 4
    assert flags(network) == [False, False, True, True]


def test_gradients_flow_through_but_not_into(network):
    x = torch.ones(1, 2, requires_grad=True)
    with frozen(network):
        network(x).sum().backward()
    assert torch.allclose(x.grad, (network[1].weight @ network[0].weight).sum(0))
    assert all(parameter.grad is None for parameter in network.parameters())
