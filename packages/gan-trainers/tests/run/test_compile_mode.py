"""The modes of torch.compile by name."""

import pytest
import torch
from gan_trainers import OptionError, Run
from gan_trainers.run._accelerate_settings import check_accelerate_settings
from gan_trainers.run._compile_mode import check_compile_mode, uses_cuda_graphs
from gan_trainers.run._networks import Preparation
from torch import nn

CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [
        (
            "reduce-overhead",
            "reduce-overhead consists of CUDA graphs and expects a CUDA GPU; this run is on cpu; use",
        ),
        ("fastest", r"expects a mode of torch \d.*: default, .*max-autotune.*; got fastest$"),
    ],
)
def test_modes_that_mean_nothing_are_refused_before_anything_is_written(tmp_path, mode, sentence):
    with pytest.raises(OptionError, match=f"^--compile {sentence}"):
        Run(tmp_path / "run", compile=mode)
    assert not (tmp_path / "run").exists()


def test_modes_that_do_more_than_cuda_graphs_are_accepted_everywhere(tmp_path):
    Run(tmp_path, compile="max-autotune")
    for mode in ("default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs"):
        check_compile_mode(mode, CUDA)


def test_which_modes_record_cuda_graphs():
    modes = ("default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs")
    assert [uses_cuda_graphs(mode, CUDA) for mode in modes] == [False, True, True, False]
    assert not any(uses_cuda_graphs(mode, CPU) for mode in modes)


def test_torch_gets_the_mode():
    with pytest.raises(RuntimeError, match="Unrecognized mode=unheard-of"):
        Preparation(CPU, None, "unheard-of", False, lambda count, sample: sample(count)).prepare_(
            nn.Conv2d(3, 3, 1)
        )


def test_accelerates_mode_is_followed_if_it_is_the_same(monkeypatch):
    monkeypatch.setenv("ACCELERATE_DYNAMO_BACKEND", "INDUCTOR")
    monkeypatch.setenv("ACCELERATE_DYNAMO_MODE", "reduce-overhead")
    check_accelerate_settings(1, "reduce-overhead")
    for other in ("default", None):
        with pytest.raises(OptionError, match="dynamo_mode reduce-overhead is not followed; use --compile"):
            check_accelerate_settings(1, other)
