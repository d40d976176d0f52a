"""The verbs of a run, one at a time."""

import math

import pytest
import torch
from gan_trainers import EMA, Run, frozen, read_scalars
from torch import nn


def grads(module):
    return [parameter.grad for parameter in module.parameters()]


def test_update_gives_gradients_to_its_own_parameters_alone(tmp_path):
    run = Run(tmp_path)
    first, second = nn.Linear(2, 2), nn.Linear(2, 1)
    optimizer = torch.optim.SGD(second.parameters(), lr=1.0)
    run.register(first=first, second=second, optimizer=optimizer)
    before = second.weight.detach().clone()
    x = torch.ones(3, 2)
    hidden = first(x).detach()
    run.update(optimizer, second(first(x)).mean())
    assert grads(first) == [None, None]
    assert torch.allclose(second.weight, before - hidden.mean(0))  # one step of descent, by hand


def test_stray_gradients_do_not_survive(tmp_path):
    run = Run(tmp_path)
    network = nn.Linear(2, 1, bias=False)
    optimizer = torch.optim.SGD(network.parameters(), lr=1.0)
    run.register(network=network, optimizer=optimizer)
    before = network.weight.detach().clone()
    network.weight.grad = torch.full((1, 2), 1e6)
    run.update(optimizer, network(torch.ones(1, 2)).sum())
    assert torch.allclose(network.weight, before - 1)


def test_a_parameter_that_the_loss_does_not_use_stays(tmp_path):
    run = Run(tmp_path)
    used, unused = nn.Linear(2, 1), nn.Linear(2, 1)
    optimizer = torch.optim.Adam([*used.parameters(), *unused.parameters()], lr=0.1)
    run.register(used=used, unused=unused, optimizer=optimizer)
    before = unused.weight.detach().clone()
    run.update(optimizer, used(torch.ones(1, 2)).sum())
    assert unused.weight.grad is None
    assert torch.equal(unused.weight, before)


def test_partly_frozen(tmp_path):
    run = Run(tmp_path)
    network = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.1)
    run.register(network=network, optimizer=optimizer)
    before = [parameter.detach().clone() for parameter in network.parameters()]
    with frozen(network[0]):
        run.update(optimizer, network(torch.ones(1, 2)).sum())
    same = [torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True)]
    assert same == [True, True, False, False]
    with frozen(network), pytest.raises(ValueError, match="all parameters of 'optimizer' are frozen"):
        run.update(optimizer, network(torch.ones(1, 2)).sum())


def test_clip_bounds_the_norm_of_all_gradients_together(tmp_path):
    run = Run(tmp_path, clip=0.5)
    network = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(network.parameters(), lr=1.0)
    run.register(network=network, optimizer=optimizer)
    before = torch.cat([network.weight.flatten(), network.bias]).detach().clone()
    run.update(optimizer, network(torch.tensor([[3.0, 4.0]])).sum())  # gradient (3, 4, 1)
    step = before - torch.cat([network.weight.flatten(), network.bias])
    assert torch.allclose(step, 0.5 * torch.tensor([3.0, 4.0, 1.0]) / 26**0.5, atol=1e-6)


@pytest.mark.parametrize("clip", [None, 0.01])
def test_accumulated_batches_equal_the_big_batch(tmp_path, clip):
    data = torch.randn(12, 3, 4, 4, generator=torch.Generator().manual_seed(0))

    def train(accumulate):
        run = Run(tmp_path / str(accumulate), accumulate=accumulate, clip=clip)
        network = nn.Conv2d(3, 2, 3)
        optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
        run.register(network=network.double(), optimizer=optimizer)
        for batch in run.steps(run.loader(data, 12 // accumulate, shuffle=False), until=3):
            run.update(optimizer, network(batch.double()).square().mean())
        return network.weight.detach()

    assert torch.allclose(train(1), train(3), rtol=1e-12, atol=0)


def test_an_optimizer_that_learns_now_and_then_accumulates_anew_each_time(tiny_run):
    run, _, _, loader = tiny_run(accumulate=2)
    weight = nn.Parameter(torch.zeros(()))
    lazy = torch.optim.SGD([weight], lr=1.0)
    run.register(lazy=lazy)
    for _ in run.steps(loader, until=3):
        if run.every(1):  # in the last of its two batches only, so that it counts half
            run.update(lazy, weight * 1.0)
    assert weight.item() == -1.5


def test_a_second_update_in_an_accumulated_batch_is_refused(tiny_run):
    run, network, optimizer, loader = tiny_run(accumulate=2)
    for batch in run.steps(loader, until=1):
        run.update(optimizer, network(batch).mean())
        with pytest.raises(ValueError, match="second update of 'optimizer' in one batch; with accumulate=2"):
            run.update(optimizer, network(batch).mean())


def test_accumulated_steps_are_counted_and_logged_once(tiny_run):
    run, network, optimizer, loader = tiny_run(accumulate=3, window=2)
    seen, due = [], []
    for batch in run.steps(loader, until=2):
        run.update(optimizer, network(batch).mean())
        run.log({"loss": len(seen)})
        seen.append(run.step)
        due.append(run.every(1))
    assert seen == [1, 1, 1, 2, 2, 2]
    assert due == [False, False, True] * 2
    assert run.out.joinpath("scalars.jsonl").read_text().endswith('"images": 12, "loss": 2.5}\n')


def test_saving_in_the_middle_of_a_step_is_refused(tiny_run):
    run, _, _, loader = tiny_run(accumulate=2)
    next(run.steps(loader, until=2))
    with pytest.raises(ValueError, match=r"in the middle of a step; call it under `if run.every\(n\):`"):
        run.save()


def test_every_is_true_at_multiples_and_at_the_phases_end(tiny_run):
    run, _, _, loader = tiny_run()
    due = []
    for phase, until in (("one", 4), ("two", 5)):
        due += [run.step for _ in run.steps(loader, until=until, phase=phase) if run.every(3)]
    assert due == [3, 4, 6, 9]


def test_set_lr_sets_every_group(tmp_path):
    run = Run(tmp_path)
    weights = [nn.Parameter(torch.zeros(1)) for _ in range(3)]
    one = torch.optim.SGD([{"params": weights[:1]}, {"params": weights[1:2], "lr": 5.0}], lr=1.0)
    two = torch.optim.SGD(weights[2:], lr=1.0)
    run.set_lr(0.25, one, two)
    assert [group["lr"] for group in one.param_groups + two.param_groups] == [0.25] * 3


def test_register_refuses(tiny_run):
    run, network, _, _ = tiny_run()
    with pytest.raises(ValueError, match="'network' is registered already; choose another name"):
        run.register(network=nn.Linear(1, 1))
    with pytest.raises(TypeError, match="'step' has no state_dict and load_state_dict"):
        run.register(step=3)
    with pytest.raises(ValueError, match=r"this optimizer is not registered; pass it to run.register\(\)"):
        run.update(torch.optim.SGD(network.parameters()), network(torch.zeros(1, 3, 1, 1)).sum())


def test_seeds_decide_weights_and_noise(tmp_path):
    def draw(seed):
        run = Run(tmp_path, seed=seed)
        network = nn.Linear(2, 2)
        run.register(network=network)
        return [*network.weight.flatten().tolist(), torch.randn(1).item()]

    assert draw(1) == draw(1)
    assert all(a != b for a, b in zip(draw(1), draw(2), strict=True))


def test_refusals_at_the_start(tiny_run):
    for name in ("accumulate", "window", "keep_checkpoints"):
        with pytest.raises(ValueError, match=f"{name} must be at least 1; got 0"):
            tiny_run(**{name: 0})
    for clip in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="clip must be above 0, or None for no limit; got"):
            tiny_run(clip=clip)
    run, *_ = tiny_run()
    once = run.loader([1, 2], 1, passes=1)
    with pytest.raises(ValueError, match="steps\\(\\) expects an endless loader"):
        next(run.steps(once, until=1))
    with pytest.raises(ValueError, match=r"every\(\) expects at least 1 step; got 0"):
        run.every(0)


class Overflow(torch.autograd.Function):
    """Identity whose gradient is infinite, as overflow in a backward pass makes it."""

    @staticmethod
    def forward(_, x):
        return x.clone()

    @staticmethod
    def backward(_, gradient):
        return gradient * torch.inf


@pytest.mark.parametrize("noticed", ["by the window", "by the save"])
def test_a_term_that_is_not_finite_stops_the_run(tiny_run, noticed):
    run, network, optimizer, loader = tiny_run(window=6)

    def train():
        for batch in run.steps(loader, until=12):
            loss = network(batch).square().mean()
            run.update(optimizer, loss)
            broken = {4: torch.nan, 3: 1.0}.get(run.step, 2.0)
            run.log({"good": loss, "late": torch.inf if run.step >= 5 else 0, "adversarial": broken})
            if run.step == 3 or (noticed == "by the save" and run.step == 5):
                run.save()

    message = (
        r"^'adversarial' became nan at step 4; the last good checkpoint is .*00000003; "
        r"try a lower learning rate, or precision fp32$"
    )
    with pytest.raises(FloatingPointError, match=message):
        train()
    assert run.step == (6 if noticed == "by the window" else 5)
    assert [path.name for path in (run.out / "checkpoints").glob("0*")] == ["00000003"]
    assert [row["step"] for row in read_scalars(run.out / "scalars.jsonl")] == [3]  # of the save
    assert tiny_run()[0].step == 3


def test_a_save_ends_the_window_so_that_its_measure_is_logged_as_of_its_step(tiny_run):
    def train(until):
        run, network, optimizer, loader = tiny_run(window=4)
        for batch in run.steps(loader, until=until):
            loss = network(batch).square().mean()
            run.update(optimizer, loss)
            run.log({"loss": loss})
            if run.step in (3, 5):
                run.log({"score": run.step})
                run.save()
            if run.step == 6 and until == 9:
                raise KeyboardInterrupt
        return read_scalars(run.out / "scalars.jsonl")

    with pytest.raises(KeyboardInterrupt):
        train(9)
    rows = train(8)
    assert [(row["step"], row.get("score")) for row in rows] == [(3, 3), (4, None), (5, 5), (8, None)]


def test_weights_that_broke_while_terms_look_good_are_not_saved(tiny_run):
    run, network, optimizer, loader = tiny_run()
    message = r"^weights of 'network' \(weight\) are not finite after step 2; the last good .*00000001"

    def train():
        for batch in run.steps(loader, until=3):
            loss = network(batch).square().mean()
            run.update(optimizer, Overflow.apply(loss) if run.step == 2 else loss)
            run.log({"loss": loss})
            run.save()

    with pytest.raises(FloatingPointError, match=message):
        train()
    assert tiny_run()[0].step == 1


def test_a_score_that_is_no_number_is_not_saved(tiny_run):
    run, *_ = tiny_run()
    with pytest.raises(FloatingPointError, match="the score became nan at step 0; no checkpoint was written"):
        run.save(score=float("nan"))


@pytest.mark.parametrize(("better", "infinite"), [("higher", math.inf), ("lower", -math.inf)])
def test_an_infinite_score_is_never_the_best(tiny_run, capsys, better, infinite):
    run, network, optimizer, loader = tiny_run()
    scores = {1: infinite, 2: 5.0, 3: infinite}
    for batch in run.steps(loader, until=3):
        run.update(optimizer, network(batch).square().mean())
        run.save(score=scores[run.step], better=better)
    assert (run.out / "checkpoints" / "best").read_text().strip() == "00000002"
    assert "at step 1: this checkpoint is saved without a score" in capsys.readouterr().err


def test_an_average_is_neither_compiled_nor_counted(tmp_path, generator, capsys):
    run = Run(tmp_path)
    run.register(g=generator, ema=EMA(generator, 5))
    next(run.steps(run.loader([0.0], 1), until=1))
    millions = sum(parameter.numel() for parameter in generator.parameters()) / 1e6
    assert f"1 process on cpu, fp32; parameters: g {millions:.2f} M; samples: 1\n" in capsys.readouterr().err


def test_the_first_line_has_the_samples_and_those_evaluated(tiny_run, capsys):
    run, _, _, loader = tiny_run(resume=False)
    run.loader(torch.zeros(1_234, 3, 8, 8), 2, passes=1)
    run.loader(torch.zeros(5, 3, 8, 8), 2)
    next(run.steps(loader, until=1))
    assert capsys.readouterr().err.splitlines()[0].endswith("; samples: 23 and 5, evaluated: 1,234")


def test_a_pipe_gets_a_line_with_phase_and_terms(tiny_run, capsys):
    run, _, _, loader = tiny_run(window=2)
    for _ in run.steps(loader, until=4, phase="content"):
        run.log({"loss": 0.5})
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("1 process on cpu, fp32; parameters: ")
    assert last.startswith("content: 4 of 4 steps, 0:00:0")
    assert ", loss 0.5, images/s " in last


def test_a_quiet_run_prints_only_what_is_damaged(tiny_run, capsys):
    run, _, _, loader = tiny_run(window=1, quiet=True)
    for _ in run.steps(loader, until=2):
        run.log({"loss": 0.5})
        run.save()
    assert capsys.readouterr().err == ""
    log = run.out / "scalars.jsonl"
    log.write_text("{}\n" + log.read_text())
    tiny_run(quiet=True)
    assert capsys.readouterr().err == f"warning: {log}: 1 damaged line is left out (1); all others are kept\n"


def test_an_error_in_the_loop_closes_the_bar_and_gives_the_signals_back(tiny_run):
    import signal

    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    run, _, _, loader = tiny_run()

    def train():
        for _ in run.steps(loader, until=4):
            assert signal.getsignal(signal.SIGTERM) not in before
            raise KeyError

    with pytest.raises(KeyError):
        train()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
