"""Optimizers do not import torch.compile's machinery, and behave the same."""

import sys
from types import ModuleType

import pytest
import torch
from gan_trainers.run._dynamo import defer_dynamo
from torch.optim import Optimizer
from torch.optim import optimizer as torch_optimizer


@pytest.fixture
def halve(monkeypatch):
    """A new class of optimizers, wrapped as torch wraps its own, before torch._dynamo is imported."""
    monkeypatch.delitem(sys.modules, "torch._dynamo", raising=False)

    class Halve(Optimizer):
        def __init__(self, parameters, *, differentiable=False):
            super().__init__(parameters, {"differentiable": differentiable})

        @torch_optimizer._use_grad_for_differentiable
        def step(self, times=1):
            for parameter in self.param_groups[0]["params"]:
                parameter.mul_(0.5**times)
            return torch.is_grad_enabled()

    defer_dynamo()
    return Halve


def test_an_optimizer_works_without_the_import(halve):
    parameter = torch.nn.Parameter(torch.ones(2))
    optimizer = halve([parameter])
    parameter.sum().backward()
    assert optimizer.step() is False  # or changing a parameter in place would be an error
    assert optimizer.step(times=2) is False
    optimizer.load_state_dict(optimizer.state_dict())
    optimizer.zero_grad()
    assert parameter.tolist() == [0.125, 0.125]
    assert parameter.grad is None
    assert torch.is_grad_enabled()
    assert "torch._dynamo" not in sys.modules


def test_a_step_that_is_differentiated_has_gradients(halve):
    assert halve([torch.ones(2)], differentiable=True).step() is True
    assert torch.is_grad_enabled()


def test_after_the_import_torch_calls_its_own_wrappers(halve, monkeypatch):
    optimizer = halve([torch.nn.Parameter(torch.ones(1))])
    breaks = []
    dynamo = ModuleType("torch._dynamo")
    dynamo.graph_break = lambda: breaks.append(torch.is_grad_enabled())
    monkeypatch.setitem(sys.modules, "torch._dynamo", dynamo)
    # Not setattr: its look at the old value would find the line above, and put that back at the end.
    monkeypatch.setitem(vars(torch), "_dynamo", dynamo)
    assert optimizer.step() is False
    assert breaks == [False, False]  # torch breaks the graph before a step and after it
