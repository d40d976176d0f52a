"""Optimizers other than Adam: resumed runs are exact, and those with modes save their averaged weights."""

import pytest
import torch
from gan_trainers import Run
from safetensors.torch import load_file
from schedulefree import AdamWScheduleFree, RAdamScheduleFree, SGDScheduleFree
from torch import nn
from torch.nn import functional as F
from torch.optim import LBFGS, SGD, Adafactor, Adam, RMSprop

ORDINARY = {
    "SGD with momentum": lambda g: SGD(g.parameters(), lr=0.01, momentum=0.9, nesterov=True),
    "RMSprop": lambda g: RMSprop(g.parameters(), lr=1e-3, momentum=0.5, centered=True),
    "Adafactor": lambda g: Adafactor(g.parameters(), lr=1e-2),
}
if hasattr(torch.optim, "Muon"):  # torch 2.9; it is for matrices alone
    ORDINARY["Muon"] = lambda g: torch.optim.Muon(g.get_submodule("1").parameters(), lr=1e-2)
WITH_MODES = {
    "AdamWScheduleFree": lambda g: AdamWScheduleFree(
        g.parameters(), lr=0.02, betas=(0.7, 0.99), weight_decay=0.1, warmup_steps=4
    ),
    "RAdamScheduleFree": lambda g: RAdamScheduleFree(g.parameters(), lr=0.02, silent_sgd_phase=False),
    "SGDScheduleFree": lambda g: SGDScheduleFree(g.parameters(), lr=0.2, momentum=0.8),
}


class Crash(Exception):  # noqa: N818 - an event rather than an error
    """Stands for a kill: what was not saved is lost."""


def network():
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Linear(8, 8, bias=False), nn.Conv2d(8, 3, 3))


def train(out, make, *, steps=9, save_at=(3, 6, 9), evaluate_at=(), crash_at=None, phases=1, **options):
    """A small training; the network, its optimizer and the losses of the steps that this program made."""
    run = Run(out, seed=1, **options)
    g = network()
    optimizer = make(g)
    run.register(g=g, optimizer=optimizer)
    images = torch.rand(10, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    loader = run.loader(images, batch_size=2)
    run.resume()
    losses = {}
    for phase in range(phases):
        for real in run.steps(loader, until=steps // phases, phase=str(phase)):
            loss = F.mse_loss(g(real + 0.1 * torch.randn_like(real)), real[..., 1:-1, 1:-1])
            losses[run.step] = loss.item()
            run.update(optimizer, loss)
            if run.every(1) and run.step in evaluate_at:
                with run.averaged_weights(), torch.no_grad():
                    g(real)
            if run.every(1) and run.step in save_at:
                run.save()
            if run.every(1) and run.step == crash_at:
                raise Crash
    return g, optimizer, losses


def checkpoint(out, step):
    return load_file(out / "checkpoints" / f"{step:08d}" / "shared.safetensors")


def weights_in(out, step):
    prefix = "shared.registered.g."
    return {k.removeprefix(prefix): v for k, v in checkpoint(out, step).items() if k.startswith(prefix)}


def equal(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


@pytest.mark.parametrize("name", [*ORDINARY, *WITH_MODES])
@pytest.mark.parametrize("options", [{}, {"accumulate": 2, "clip": 0.1}, {"precision": "bf16", "phases": 3}])
def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path, name, options):
    make = (ORDINARY | WITH_MODES)[name]
    whole, _, losses = train(tmp_path / "whole", make, **options)
    # Saved also where the other was not, as after Ctrl-C; lost steps are repeated.
    for crash_at, save_at in ((4, (3,)), (8, (5, 6, 8))):
        with pytest.raises(Crash):
            train(tmp_path / "parts", make, save_at=save_at, crash_at=crash_at, **options)
        torch.manual_seed(crash_at)  # a new process starts from anywhere
    parts, _, again = train(tmp_path / "parts", make, **options)
    assert again == {9: losses[9]}
    assert equal(parts.state_dict(), whole.state_dict())
    assert equal(checkpoint(tmp_path / "parts", 9), checkpoint(tmp_path / "whole", 9))
    assert not equal(weights_in(tmp_path / "parts", 9), weights_in(tmp_path / "parts", 8))


@pytest.mark.parametrize("name", WITH_MODES)
def test_what_is_saved_and_left_is_the_averaged_weights(tmp_path, name):
    """Against a plain loop that follows schedulefree's documentation."""
    make, seen, mine = WITH_MODES[name], [], network()

    def spy(g):
        mine.load_state_dict(g.state_dict())
        optimizer = make(g)
        optimizer.register_step_pre_hook(lambda *_: seen.append([p.grad.clone() for p in g.parameters()]))
        return optimizer

    g, _, _ = train(tmp_path, spy, save_at=(5, 9))
    optimizer, averages = make(mine), {}
    optimizer.train()
    for step, gradients in enumerate(seen, 1):
        for parameter, gradient in zip(mine.parameters(), gradients, strict=True):
            parameter.grad = gradient
        optimizer.step()
        if step in (5, 9):
            training = {key: value.clone() for key, value in mine.state_dict().items()}
            optimizer.eval()
            averages[step] = {key: value.clone() for key, value in mine.state_dict().items()}
            assert not equal(averages[step], training)
            optimizer.train()
            mine.load_state_dict(training)
    assert equal(weights_in(tmp_path, 5), averages[5])
    assert equal(weights_in(tmp_path, 9), averages[9])
    assert equal(g.state_dict(), averages[9])


@pytest.mark.parametrize("name", WITH_MODES)
def test_evaluating_and_saving_change_no_bit_of_the_training(tmp_path, name):
    losses = [
        train(tmp_path / str(index), WITH_MODES[name], save_at=steps, evaluate_at=steps)[2]
        for index, steps in enumerate([(), range(10)])
    ]
    assert losses[0] == losses[1]
    assert len(losses[0]) == 9


def test_inside_the_block_the_weights_are_averaged_and_save_may_be_called(tmp_path):
    run = Run(tmp_path)
    g = network()
    optimizer = WITH_MODES["AdamWScheduleFree"](g)
    run.register(g=g, optimizer=optimizer)
    found = []
    for real in run.steps(run.loader(torch.rand(4, 3, 8, 8), 2), until=3):
        run.update(optimizer, g(real).square().mean())
        before = [p.clone() for p in g.parameters()]
        with run.averaged_weights():
            run.save()
            found.append(weights_in(tmp_path, run.step))
            assert equal(found[-1], g.state_dict())
            assert not optimizer.param_groups[0]["train_mode"]
            with pytest.raises(ValueError, match="update of 'optimizer' while its parameters hold averaged"):
                run.update(optimizer, g(real).square().mean())
        assert all(map(torch.equal, g.parameters(), before))
        assert optimizer.param_groups[0]["train_mode"]
    assert not equal(found[0], found[2])
    assert equal(found[2], g.state_dict())  # after the loop


def test_weights_that_the_program_changes_between_phases_stay(tmp_path):
    run = Run(tmp_path)
    g = network()
    optimizer = WITH_MODES["AdamWScheduleFree"](g)
    run.register(g=g, optimizer=optimizer)
    loader = run.loader(torch.rand(4, 3, 8, 8), 2)
    for real in run.steps(loader, until=2, phase="one"):
        run.update(optimizer, g(real).square().mean())
    optimizer.state.clear()
    nn.init.zeros_(g[0].weight)
    for _ in run.steps(loader, until=1, phase="two"):
        assert g[0].weight.count_nonzero() == 0


def test_an_optimizer_that_needs_a_closure_is_refused(tmp_path):
    run = Run(tmp_path)
    g = network()
    with pytest.raises(ValueError, match=r"whose step\(\) needs no closure; got LBFGS as 'opt'; use another"):
        run.register(g=g, opt=LBFGS(g.parameters()))


def test_ordinary_optimizers_are_left_alone_by_the_block(tmp_path):
    run = Run(tmp_path)
    g = network()
    optimizer = Adam(g.parameters())
    run.register(g=g, optimizer=optimizer)
    for real in run.steps(run.loader(torch.rand(4, 3, 8, 8), 2), until=1):
        with run.averaged_weights():
            run.update(optimizer, g(real).square().mean())
