import copy
import shutil
from collections import namedtuple

import pytest
import torch
from gan_trainers import Run
from gan_trainers.checkpoints._state_files import read_state
from gan_trainers.run._optimizer_steps import OptimizerSteps
from torch import nn

Both = namedtuple("Both", "image feature")


class Pair(nn.Module):
    """Shows what it computed in, and returns every kind of nest."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.computed_in = None

    def forward(self, x, *, scale=1.0):
        y = self.conv(x) * scale
        self.computed_in = y.dtype
        return {"list": [y, y.argmax()], "both": Both(y, (y,)), "text": "as it is"}


def test_bf16_computes_low_and_returns_float32(tmp_path):
    run = Run(tmp_path, precision="bf16")
    network = Pair()
    run.register(network=network)
    result = network(torch.randn(1, 3, 6, 6), scale=2.0)
    assert network.computed_in is torch.bfloat16
    assert result["list"][0].dtype is torch.float32
    assert result["list"][1].dtype is torch.int64
    assert isinstance(result["both"], Both)
    assert result["both"].feature[0].dtype is torch.float32
    assert result["text"] == "as it is"
    assert network.conv.weight.dtype is torch.float32
    loss = result["list"][0].mean()
    loss.backward()
    assert loss.dtype is network.conv.weight.grad.dtype is torch.float32


def test_bf16_is_near_float32(tmp_path, generator):
    x = torch.randn(2, 3, 8, 8)
    exact = generator(x)
    Run(tmp_path, precision="bf16").register(g=generator)
    low = generator(x)
    assert torch.allclose(low, exact, atol=0.03)
    assert not torch.equal(low, exact)


def test_prepared_networks_compute_low_and_are_not_saved(tmp_path):
    run = Run(tmp_path, precision="bf16", channels_last=True)
    features, network = Pair().requires_grad_(False), nn.Conv2d(3, 3, 1)
    run.prepare(features)
    run.register(network=network)
    features(torch.randn(1, 3, 6, 6))
    assert features.computed_in is torch.bfloat16
    assert features.conv.weight.is_contiguous(memory_format=torch.channels_last)
    for _ in run.steps(run.loader(torch.rand(4, 3), 2), until=1):
        run.save()
    (folder,) = tmp_path.glob("checkpoints/0*")
    assert set(read_state(folder, "shared")["registered"]) == {"network"}


def test_networks_that_learn_are_not_only_prepared(tmp_path):
    with pytest.raises(ValueError, match="expected a frozen network; Pair has parameters to train"):
        Run(tmp_path).prepare(Pair())


def test_a_deep_copy_calls_its_own_weights(tmp_path, generator):
    Run(tmp_path, precision="bf16").register(g=generator)
    x = torch.randn(2, 3, 8, 8)
    twin = copy.deepcopy(nn.Sequential(generator))
    before = twin(x)
    nn.init.zeros_(generator.last.weight)
    assert torch.equal(twin(x), before)


@pytest.mark.parametrize(
    ("amx", "limit", "expected"),
    [
        (True, "ALL", "bf16"), (True, "AVX512_CORE_AMX", "bf16"), (True, "avx512_core_bf16", "fp32"),
        (False, "ALL", "fp32"),
    ],
)  # fmt: skip
def test_auto_is_bf16_on_a_processor_with_amx(tmp_path, monkeypatch, capsys, amx, limit, expected):
    assert isinstance(torch.cpu._is_amx_tile_supported(), bool)  # torch still has it
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    run = Run(tmp_path)
    run.register(network=nn.Conv2d(3, 4, 3))
    list(run.steps(run.loader([torch.zeros(3, 4, 4)], 1), until=1))
    assert f"1 process on cpu, {expected}; parameters" in capsys.readouterr().err


def test_another_precision_on_another_processor_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "ALL")
    for amx in (False, True):
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda amx=amx: amx)
        run = Run(tmp_path, settings={"precision": "auto"})
        run.register(network=nn.Conv2d(3, 4, 3))
        run.resume()
        run.save()
    assert "precision: fp32 -> bf16" in capsys.readouterr().err


def test_auto_is_what_accelerate_launch_says(tmp_path, monkeypatch, capsys):
    from accelerate.state import AcceleratorState

    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    AcceleratorState._reset_state()
    try:
        run = Run(tmp_path)
        run.register(network=nn.Conv2d(3, 4, 3))
        list(run.steps(run.loader([torch.zeros(3, 4, 4)], 1), until=1))
    finally:
        AcceleratorState._reset_state()
    assert "1 process on cpu, bf16; parameters: network 0.00 M" in capsys.readouterr().err


def test_refuses_fp16_on_the_cpu_and_unknown_names(tmp_path):
    with pytest.raises(ValueError, match="fp16 needs a GPU; use bf16 or fp32 on the CPU"):
        Run(tmp_path, precision="fp16")
    with pytest.raises(ValueError, match="expected precision auto, fp32, bf16 or fp16; got 'half'"):
        Run(tmp_path, precision="half")


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler on the CPU")
@torch.no_grad()
def test_compiled_in_place(tmp_path):
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU())
    keys = list(network.state_dict())
    twin = copy.deepcopy(network)
    Run(tmp_path / "eager", precision="bf16").register(network=twin)
    Run(tmp_path / "compiled", precision="bf16", compile=True).register(network=network)
    torch._dynamo.utils.counters.clear()
    x = torch.randn(2, 3, 8, 8)
    assert torch.allclose(network(x), twin(x), atol=0.02)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1  # compiled, and in one piece
    assert list(network.state_dict()) == keys


def test_a_scaled_loss_that_depends_on_no_weight_is_no_step():
    network = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(network.parameters(), lr=1.0)
    steps = OptimizerSteps(torch.device("cpu"), torch.float16, clip=1.0)
    steps.add("optimizer", optimizer)
    before = network.weight.clone()
    loss = torch.ones((), requires_grad=True)
    steps.step("optimizer", optimizer, loss, parameters=network.parameters, step=1, batch=0, batches=1)
    assert torch.equal(network.weight, before)
