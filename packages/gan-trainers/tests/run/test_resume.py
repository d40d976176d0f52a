"""A run that was stopped and resumed equals one that was not, to the last bit."""

import json

import pytest
import torch
from gan_trainers import Run, read_scalars
from torch import nn
from torch.optim import Adam

TWO_PHASES = (("one", 5), ("two", 7))

CASES = {
    "after a save": ({}, 4),
    "between saves": ({}, 7),
    "in the second of two phases": ({"phases": TWO_PHASES}, 11),
    "right after the first phase": ({"phases": TWO_PHASES, "save_every": 100}, 6),
    "window ends with the save": ({"window": 4}, 9),
    "window longer than the run": ({"window": 100}, 11),
    "accumulate": ({"accumulate": 2, "clip": 0.05}, 7),
    "low precision": ({"precision": "bf16"}, 7),
    "fused and channels-last": ({"fused": True, "channels_last": True}, 7),
}


@pytest.mark.parametrize("case", CASES)
def test_resumed_equals_uninterrupted(training, crash, unequal, tmp_path, case):
    options, crash_at = CASES[case]
    whole = training(tmp_path / "whole", **options)
    with pytest.raises(crash):
        training(tmp_path / "parts", crash_at=crash_at, **options)
    torch.manual_seed(crash_at)  # a new process starts from anywhere
    assert unequal(training(tmp_path / "parts", **options), whole) == []
    assert whole["opt_g"]["state"][0]["step"] == 12
    assert [row["step"] for row in whole["rows"]][-1] == 12


def test_resuming_again_and_again(training, crash, unequal, tmp_path):
    options = {"phases": TWO_PHASES, "save_every": 1}
    whole = training(tmp_path / "whole", **options)
    for crash_at in (1, 5, 6):
        with pytest.raises(crash):
            training(tmp_path / "parts", crash_at=crash_at, **options)
    assert unequal(training(tmp_path / "parts", **options), whole) == []


def test_workers_change_nothing_and_resume_exactly(training, crash, unequal, tmp_path):
    whole = training(tmp_path / "whole")
    with pytest.raises(crash):
        training(tmp_path / "parts", crash_at=7, workers=2)
    assert unequal(training(tmp_path / "parts", workers=2), whole) == []


def test_a_finished_run_stays_as_it_is(training, unequal, tmp_path):
    first = training(tmp_path, phases=TWO_PHASES)
    assert unequal(training(tmp_path, phases=TWO_PHASES), first) == []


def test_fused_moments_must_be_laid_out_as_their_weights():
    """The trap behind "fused and channels-last": fused Adam pairs weights and moments as memory has them."""
    torch.manual_seed(0)
    start = torch.randn(4, 3, 2, 2).to(memory_format=torch.channels_last)
    gradients = [torch.randn_like(start) for _ in range(2)]

    def weight_after(moments_layout):
        weight = nn.Parameter(start.clone())
        optimizer = Adam([weight], lr=0.1, fused=True)
        for gradient in gradients:
            weight.grad = gradient
            optimizer.step()
            for key in ("exp_avg", "exp_avg_sq"):
                moments = optimizer.state[weight]
                moments[key] = moments[key].contiguous(memory_format=moments_layout)
        return weight.detach()

    assert not torch.equal(weight_after(torch.contiguous_format), weight_after(torch.channels_last))


def test_phases_that_were_finished_yield_nothing(tiny_run):
    run, _, _, loader = tiny_run()
    assert [run.save() for _ in run.steps(loader, until=3, phase="one") if run.every(3)] == [None]
    again, _, _, loader = tiny_run()
    assert list(again.steps(loader, until=3, phase="one")) == []
    assert len(list(again.steps(loader, until=2, phase="two"))) == 2
    assert again.step == 5


def test_a_phase_is_not_made_longer_once_a_later_one_began(tiny_run):
    run, _, _, loader = tiny_run()
    for phase in ("one", "two"):
        for _ in run.steps(loader, until=3, phase=phase):
            if run.every(3):
                run.save()
    again, _, _, loader = tiny_run()
    with pytest.raises(
        ValueError, match="'one' ended after 3 steps and cannot be extended to 5, because 'two' has begun"
    ):
        next(again.steps(loader, until=5, phase="one"))


def test_a_longer_run_continues_from_a_finished_one(tiny_run):
    run, _, _, loader = tiny_run()
    for _ in run.steps(loader, until=3):
        if run.every(10):
            run.save()
    longer, _, _, loader = tiny_run()
    assert longer.step == 3
    assert len(list(longer.steps(loader, until=5))) == 2


def test_what_is_drawn_before_the_loop_does_not_shift_a_resumed_one(tiny_run):
    def noise(resume_at):
        run, _, _, loader = tiny_run()
        torch.randn(resume_at + 1)  # such as fixed latents for previews
        drawn = []
        for _ in run.steps(loader, until=4):
            drawn.append(torch.randn(1).item())
            if run.step == 2:
                run.save()
        return drawn

    assert noise(0)[2:] == noise(2)


def test_lines_after_the_checkpoint_are_written_again_not_twice(training, crash, tmp_path):
    with pytest.raises(crash):
        training(tmp_path, crash_at=11, save_every=8, window=2)
    assert [row["step"] for row in read_scalars(tmp_path / "scalars.jsonl")] == [2, 4, 6, 8, 10]
    with (tmp_path / "scalars.jsonl").open("a") as file:
        file.write('{"step": 12, "gener')  # a line cut short
    training(tmp_path, save_every=8, window=2)
    lines = (tmp_path / "scalars.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [2, 4, 6, 8, 10, 12]


def test_a_run_killed_before_its_first_checkpoint_starts_again(training, crash, unequal, tmp_path):
    with pytest.raises(crash):
        training(tmp_path / "parts", crash_at=3, window=1)
    again = training(tmp_path / "parts", window=1)
    assert unequal(again, training(tmp_path / "whole", window=1)) == []


def test_a_folder_with_another_run_needs_resume(tiny_run):
    run, _, _, loader = tiny_run()
    assert not run.has_checkpoint()
    for _ in run.steps(loader, until=1):
        run.save()
    other, _, _, loader = tiny_run(resume=False)
    assert other.has_checkpoint()
    with pytest.raises(ValueError, match=r"run already holds a run; call resume\(\) or choose another"):
        next(other.steps(loader, until=2))


def test_without_resume_a_new_folder_simply_starts(tiny_run):
    run, _, _, loader = tiny_run(resume=False, settings={"steps": 1})
    assert len(list(run.steps(loader, until=1))) == 1
    assert json.loads((run.out / "settings.json").read_text())["settings"] == {"steps": 1}


def test_a_checkpoint_of_another_recipe_is_refused(tiny_run, tmp_path):
    run, _, _, loader = tiny_run()
    for _ in run.steps(loader, until=1):
        run.save()
    settings = (tmp_path / "run" / "settings.json").read_text()

    def resume_with(*loaders, **objects):
        other = Run(tmp_path / "run", settings={"changed": True})
        other.register(**objects)
        for dataset in loaders:
            other.loader(dataset, 2)
        other.resume()

    network = nn.Conv2d(3, 3, 1)
    data = torch.zeros(4, 3, 2, 2)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    with pytest.raises(ValueError, match=r"00000001 holds \['network', 'optimizer'\], not \['net'\]"):
        resume_with(data, net=network)
    with pytest.raises(
        ValueError,
        match=r"00000001 does not fit 'network': 'weight' is \[3, 3, 1, 1\] in the checkpoint and "
        r"\[5, 3, 1, 1\] in this run; .* \(changed since: changed: None -> True\)$",
    ):
        resume_with(data, network=nn.Conv2d(3, 5, 1), optimizer=optimizer)
    nested = nn.ModuleDict({"0": nn.Conv2d(3, 3, 1)})
    with pytest.raises(ValueError, match=r"'network': '0\.weight' is missing in the checkpoint and"):
        resume_with(data, network=nested, optimizer=optimizer)
    more = torch.optim.SGD([*network.parameters(), nn.Parameter(data)], lr=0.1)
    with pytest.raises(ValueError, match=r"00000001 does not fit 'optimizer': .*doesn't match the size"):
        resume_with(data, network=network, optimizer=more)
    with pytest.raises(
        ValueError, match=r"'optimizer': it was written with SGD and this run has Adam; use the"
    ):
        resume_with(data, network=network, optimizer=Adam(network.parameters()))
    with pytest.raises(ValueError, match="holds the positions of 1 loaders and this run has 2"):
        resume_with(data, data, network=network, optimizer=optimizer)
    assert (tmp_path / "run" / "settings.json").read_text() == settings  # a refusal changes nothing


def test_settings_that_changed_are_printed(tiny_run, capsys):
    run, _, _, loader = tiny_run(settings={"lr": 0.1, "data": None})
    for _ in run.steps(loader, until=1):
        run.save()
    tiny_run(settings={"lr": 0.2, "data": None})
    printed = capsys.readouterr().err
    assert "resuming from step 1 of" in printed
    assert "lr: 0.1 -> 0.2" in printed
    assert "data" not in printed.split("resuming")[1].split("lr:")[1]


@pytest.fixture
def resumed_with(tmp_path, capsys):
    """Trains two steps with one optimizer and two more with another; its group, and what was said."""

    def train(make, steps, **registered):
        run = Run(tmp_path / "run", settings={"lr": make(nn.Conv2d(3, 3, 1)).param_groups[0]["lr"]})
        network = nn.Conv2d(3, 3, 1)
        optimizer = make(network)
        others = {name: each(optimizer) for name, each in registered.items()}
        run.register(network=network, optimizer=optimizer, **others)
        loader = run.loader(torch.ones(4, 3, 2, 2), 2)
        run.resume()
        for batch in run.steps(loader, until=steps):
            run.update(optimizer, network(batch).square().mean())
            if run.every(2):
                run.save()
        return optimizer.param_groups[0]

    def resume(before, now, **registered):
        train(before, 2, **registered)
        capsys.readouterr()
        return train(now, 4, **registered), capsys.readouterr().err

    return resume


def adam(**values):
    return lambda network: Adam(network.parameters(), **values)


def sgd(**values):
    return lambda network: torch.optim.SGD(network.parameters(), **values)


def test_hyperparameters_that_changed_take_effect_and_are_printed(resumed_with):
    before = adam(lr=0.001, betas=(0.5, 0.999))
    group, said = resumed_with(before, adam(lr=0.1, betas=(0.9, 0.999), weight_decay=0.01))
    assert (group["lr"], group["betas"], group["weight_decay"]) == (0.1, (0.9, 0.999), 0.01)
    assert "lr: 0.001 -> 0.1\n" in said
    assert "lr of 'optimizer': 0.001 -> 0.1\n" in said
    assert "betas of 'optimizer': (0.5, 0.999) -> (0.9, 0.999)\n" in said


def test_what_did_not_change_stays_that_of_the_checkpoint(resumed_with):
    def scheduled(network):
        optimizer = Adam(network.parameters(), lr=0.001)
        optimizer.register_step_post_hook(lambda each, *_: each.param_groups[0].update(lr=0.0005))
        return optimizer

    group, said = resumed_with(scheduled, adam(lr=0.001))
    assert group["lr"] == 0.0005
    assert "->" not in said


@pytest.mark.parametrize(
    ("before", "now", "reason"),
    [
        (adam(), adam(amsgrad=True), "it was written with amsgrad=False and this run has amsgrad=True"),
        (
            sgd(lr=0.1),
            sgd(lr=0.1, momentum=0.9),
            "it was written with momentum=0 and this run has momentum=0.9",
        ),
        (adam(), sgd(lr=0.001), "it was written with Adam and this run has SGD"),
    ],
)
def test_an_optimizer_whose_state_does_not_fit_is_refused(resumed_with, before, now, reason):
    with pytest.raises(ValueError, match=f"00000002 does not fit 'optimizer': {reason}; use the settings"):
        resumed_with(before, now)


def test_a_new_learning_rate_under_an_old_scheduler_is_refused(resumed_with):
    def schedule(optimizer):
        return torch.optim.lr_scheduler.StepLR(optimizer, 10)

    message = (
        r"'optimizer': .*lr of 'optimizer': 0.001 -> 0.1, but 'schedule' goes on with its own values; .*lr"
    )
    with pytest.raises(ValueError, match=message):
        resumed_with(adam(lr=0.001), adam(lr=0.1), schedule=schedule)
