"""What can be drawn and continued on another number of processes; tests/test_processes.py starts several."""

import random
import re
import shutil

import numpy as np
import pytest
import torch
from gan_trainers import ImagePool, Run
from gan_trainers.base.dropout import draw_dropout_
from gan_trainers.checkpoints._state_files import read_state, write_state
from gan_trainers.run._draws import Draws
from gan_trainers.training.random import random_digest, seeded
from torch import nn

CPU = torch.device("cpu")


class History:
    """What each process would have for itself."""

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


def train(out, *, batch_size=4, accumulate=1, each_step=lambda _: None, **objects):
    """Two more steps, and a checkpoint."""
    run = Run(out, accumulate=accumulate, window=5)
    network = nn.Conv2d(3, 3, 1)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    run.register(network=network, optimizer=optimizer, **objects)
    loader = run.loader(torch.rand(8, 3, 2, 2), batch_size)
    run.resume()
    for batch in run.steps(loader, until=run.step + 2):
        run.update(optimizer, network(batch).mean())
        run.log({"loss": 1.0})
        each_step(run)
        if run.every(2):
            run.save()
    return run, loader


@pytest.fixture
def by_two(tmp_path):
    """Makes a checkpoint look as if two processes with half of the batch had written it."""

    def make(**options):
        out = tmp_path / "run"
        run, _ = train(out, **options)
        (folder,) = run.out.glob("checkpoints/0*")
        shared = read_state(folder, "shared")
        write_state(folder, "shared", {**shared, "processes": 2})
        for suffix in ("json", "safetensors"):
            shutil.copy(folder / f"process-0.{suffix}", folder / f"process-1.{suffix}")
        return out, folder

    return make


def test_one_process_continues_what_two_began(by_two, capsys):
    out, _ = by_two(pool=ImagePool(2))
    capsys.readouterr()
    run, loader = train(out, pool=ImagePool(2))
    assert (run.step, loader.position) == (4, 16)
    assert "processes: 2 -> 1" in capsys.readouterr().err


def test_accumulated_batches_of_other_sizes_continue_after_the_same_sample(by_two):
    out, _ = by_two()
    run, loader = train(out, batch_size=2, accumulate=2)
    assert (run.step, loader.position) == (4, 16)


def test_another_batch_on_as_many_processes_is_said(tmp_path, capsys):
    train(tmp_path / "run")
    _, loader = train(tmp_path / "run", batch_size=3)
    assert loader.position == 8 + 6
    assert "samples in a step: 4 -> 3" in capsys.readouterr().err


def test_what_two_logged_in_an_open_window_is_averaged(by_two):
    out, folder = by_two()
    for name, losses in (("process-0", (1.0, 1.0)), ("process-1", (3.0, 5.0))):
        window = [[step, loss] for step, loss in enumerate(losses, 1)]
        write_state(folder, name, {**read_state(folder, name), "scalars": {"loss": window}})
    train(out)
    (line,) = (out / "scalars.jsonl").read_text().splitlines()
    assert '"step": 4' in line
    assert '"loss": 1.75}' in line  # of (1 + 3) / 2, (1 + 5) / 2, 1 and 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"batch_size": 3},
            "by 2 processes with 4 samples in a step, and this run has 1 with 3; use a batch",
        ),
        ({"batch_size": 2, "accumulate": 3}, "this run has 1 with 6; start a number that divides 4"),
    ],
)
def test_another_number_of_samples_is_refused(by_two, options, message):
    out, _ = by_two()
    with pytest.raises(ValueError, match=message):
        train(out, **options)


def test_what_each_process_has_for_itself_is_refused_by_name(by_two):
    out, _ = by_two(history=History())
    with pytest.raises(ValueError, match="by 2 processes and this run has 1; 'history' has its own state on"):
        train(out, history=History())


def test_a_loop_refuses_other_processes_for_its_own_reason(by_two):
    out, _ = by_two()
    run = Run(out)
    network = nn.Conv2d(3, 3, 1)
    run.register(network=network, optimizer=torch.optim.SGD(network.parameters(), lr=0.1))
    run.loader(torch.rand(8, 3, 2, 2), 4)
    run.needs_same_processes("the loss compares the images of a batch")
    message = "this run has 1; the loss compares the images of a batch, so start as many as before"
    with pytest.raises(ValueError, match=message):
        run.resume()


@pytest.mark.parametrize("drawn", ["torch.randn(2)", "random.random()", "np.random.rand()"])
def test_steps_that_drew_from_global_generators_are_refused(by_two, drawn):
    draws = {"torch.randn(2)": lambda _: torch.randn(2)}
    draws |= {"random.random()": lambda _: random.random(), "np.random.rand()": lambda _: np.random.rand()}
    out, _ = by_two(each_step=draws[drawn])
    with pytest.raises(
        ValueError, match=r"the steps drew random numbers .* start as many as before; what run"
    ):
        train(out)


def test_once_drawn_is_remembered(tmp_path):
    train(tmp_path / "run", each_step=lambda _: torch.randn(2))
    run, _ = train(tmp_path / "run")
    assert [read_state(each, "process-0")["drew"] for each in run.out.glob("checkpoints/0*")] == [True, True]


def test_draws_and_evaluations_leave_the_global_generators_alone(tmp_path):
    def step(run):
        run.draw(4, torch.randn)
        with seeded(1, run.device):
            torch.randn(5)

    before = random_digest()
    torch.randn(1)
    assert random_digest() != before
    run, _ = train(tmp_path / "run", each_step=step)
    (folder,) = run.out.glob("checkpoints/0*")
    assert not read_state(folder, "process-0")["drew"]


@pytest.mark.parametrize("processes", [2, 3])
def test_any_number_of_processes_draws_the_same_rows(processes):
    def drawn(rank, number):
        draws = Draws(5, CPU, rank, number, 1)
        draws.begin(3, 0, 6 // number)
        parts = draws.draw(6 // number, lambda n: {"z": torch.randn(n, 2), "mixed": torch.rand(())})
        return parts, draws.draw(6 // number, torch.rand)

    whole, after = drawn(0, 1)
    parts = [drawn(rank, processes) for rank in range(processes)]
    assert torch.equal(torch.cat([part["z"] for part, _ in parts]), whole["z"])
    assert all(part["mixed"] == whole["mixed"] for part, _ in parts)
    assert torch.equal(torch.cat([part for _, part in parts]), after)


def test_accumulated_batches_draw_the_rows_of_one_whole_batch():
    whole = Draws(5, CPU, 0, 1, 1)
    whole.begin(3, 0, 6)
    expected = whole.draw(6, torch.rand)
    parts = []
    for batch in range(3):
        draws = Draws(5, CPU, 0, 1, 3)
        draws.begin(3, batch, 2)
        parts.append(draws.draw(2, torch.rand))
    assert torch.equal(torch.cat(parts), expected)


def test_real_and_fake_images_in_one_batch_are_drawn_as_on_one_process():
    whole = Draws(5, CPU, 0, 1, 1)
    whole.begin(3, 0, 4)
    real, fake = whole.draw(8, torch.rand).chunk(2)
    for rank, own in enumerate((slice(2), slice(2, 4))):
        draws = Draws(5, CPU, rank, 2, 1)
        draws.begin(3, 0, 2)
        assert torch.equal(draws.draw(4, torch.rand), torch.cat([real[own], fake[own]]))


def test_what_all_samples_share_is_the_same_on_every_process_and_in_every_batch():
    found = []
    for rank, batch in ((0, 0), (1, 0), (1, 1)):
        draws = Draws(5, CPU, rank, 2, 2)
        draws.begin(3, batch, 2)
        found.append(draws.draw_shared(lambda: torch.randperm(9)))
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])


@pytest.mark.parametrize("p", [0.25, 1.0])
def test_dropout_masks_are_drawn_for_all_processes(p):
    """Of several processes; each is torch's dropout with the expected masks, and so is its gradient."""
    x = torch.rand(4, 2, 50, 50) + 0.5
    found = []
    for rank, processes in ((0, 1), (0, 2), (1, 2)):
        layer, draws = nn.Sequential(nn.Dropout(p)), Draws(5, CPU, rank, processes, 1)
        draw_dropout_(layer, draws.draw)
        draws.begin(3, 0, 4 // processes)
        own = x[4 // processes * rank :][: 4 // processes].clone().requires_grad_()
        y = layer(own)
        y.sum().backward()
        assert torch.equal(y, own * own.grad)
        found.append(y.detach())
        assert torch.equal(layer.eval()(own), own)
    assert torch.equal(torch.cat(found[1:]), found[0])
    kept = found[0] != 0
    assert kept.float().mean() == pytest.approx(1 - p, abs=0.01)  # 3 standard deviations
    torch.testing.assert_close(found[0][kept], x[kept] / (1 - p))


def test_each_step_batch_call_and_seed_draws_others():
    found = set()
    for seed, step, batch in ((0, 1, 0), (0, 2, 0), (0, 1, 1), (1, 1, 0)):
        draws = Draws(seed, CPU, 0, 1, 2)
        draws.begin(step, batch, 1)
        found |= {draws.draw(1, torch.rand).item() for _ in range(2)}
        draws.begin(step, batch, 1)
        found |= {draws.draw(1, torch.rand).item() for _ in range(2)}
    assert len(found) == 8


def test_rows_that_are_not_those_of_all_samples_are_refused():
    draws = Draws(0, CPU, 1, 2, 1)
    message = (
        "draw() expects 6 rows, one for each sample of all processes, or a single number; got shape (3, 2)"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        draws.draw(3, lambda _: torch.rand(3, 2))
