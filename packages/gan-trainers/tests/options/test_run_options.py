import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from gan_trainers import Count, OptionError, RunOptions, check_ranges, parse_options
from torch import nn


@dataclass(frozen=True)
class Options:
    data: tuple[Path, ...] = ()  # folders
    size: Count = 256  # pixels
    blocks: Count | None = None  # residual blocks
    run: RunOptions = RunOptions(out=Path("runs/x"))

    def __post_init__(self) -> None:
        check_ranges(self)


def settings(run):
    run.resume()
    return json.loads((run.out / "settings.json").read_text())["settings"]


def test_settings_record_every_option_that_was_used_flattened(tmp_path):
    words = ["--data", "a", "b", "--size", "64", "--seed", "5", "--accumulate", "2", "--out", str(tmp_path)]
    options = parse_options(Options(), words)
    assert settings(options.run.start(options)) == {
        "data": ["a", "b"],
        "size": 64,
        "blocks": None,
        "out": str(tmp_path),
        "seed": 5,
        "precision": "auto",
        "compile": False,
        "channels_last": None,
        "activation_checkpointing": False,
        "accumulate": 2,
        "workers": 0,
        "trackers": [],
        "quiet": False,
        "evaluate_every": None,
    }


def test_settings_record_what_the_data_decided_too(tmp_path):
    options = Options(run=RunOptions(out=tmp_path))
    recorded = settings(options.run.start(options, found={"classes": ["cats", "dogs"]}))
    assert recorded["classes"] == ["cats", "dogs"]
    assert recorded["size"] == 256


def test_the_run_gets_its_options(tmp_path):
    options = Options(run=RunOptions(out=tmp_path / "run", seed=3, accumulate=2, channels_last=True))
    run = options.run.start(options)
    assert run.out == tmp_path / "run"
    expected = torch.manual_seed(3) and torch.rand(3)
    options.run.start(options)
    assert torch.equal(torch.rand(3), expected)  # networks are built from the seed
    network = nn.Conv2d(3, 4, 3)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    run.register(network=network, optimizer=optimizer)
    assert network.weight.is_contiguous(memory_format=torch.channels_last)
    loader = run.loader(torch.zeros(4, 3, 8, 8), batch_size=1)
    batches = 0
    for batch in run.steps(loader, until=2):
        run.update(optimizer, network(batch).mean())
        batches += 1
    assert batches == 4  # two for each step


@pytest.mark.parametrize(
    ("steps", "every", "interval"),
    [(120, None, 10), (1_500, None, 125), (5, None, 1), (1, None, 1), (120, 7, 7), (5, 250, 250)],
)
def test_without_an_interval_there_are_twelve_evaluations(steps, every, interval):
    assert RunOptions(out=Path("x"), evaluate_every=every).evaluation_interval(steps) == interval


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"seed": -1}, "--seed must be a whole number of at least 0 and at most 4294967295; got -1"),
        (
            {"seed": 2**32},
            "--seed must be a whole number of at least 0 and at most 4294967295; got 4294967296",
        ),
        ({"accumulate": 0}, "--accumulate must be a whole number of at least 1; got 0"),
        ({"workers": -1}, "--workers must be a whole number of at least 0; got -1"),
        ({"evaluate_every": 0}, "--evaluate-every must be a whole number of at least 1, or left out; got 0"),
        ({"precision": "fp8"}, '--precision must be "auto" or "fp32" or "bf16" or "fp16"; got fp8'),
        ({"trackers": ("a", 1)}, "--trackers must be any number of values, each a text; got a 1"),
        ({"trackers": ("wand",)}, "unknown tracker 'wand' in --trackers; did you mean wandb?"),
        ({"out": "runs/x"}, "--out must be a path; got runs/x"),
    ],
)
def test_a_value_out_of_its_range_is_refused(change, sentence):
    with pytest.raises(OptionError) as refused:
        RunOptions(**{"out": Path("x")} | change)
    assert str(refused.value) == sentence
