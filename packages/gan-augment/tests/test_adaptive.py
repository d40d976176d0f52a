import json
import math
import subprocess
import sys

import pytest
import torch
from gan_augment import ADA, Adaptive, DiffAugment, overfitting, set_probability
from torch.testing import assert_close


def test_p_changes_once_an_interval_by_the_images_seen():
    control = Adaptive(DiffAugment(p=0.5), images_to_full=100, interval=3)
    seen = []
    for error in (0.1, 0.1, 0.1, -0.5, 0.1, 0.1):
        control.adjust(torch.tensor(error), images=4)
        seen.append(control.p.item())
    assert seen == pytest.approx([0.5, 0.5, 0.62, 0.62, 0.62, 0.5])  # up by 12 images, then down


def test_the_mean_error_is_weighted_by_images():
    control = Adaptive(DiffAugment(p=0.5), images_to_full=100, interval=2)
    control.adjust(1.0, images=1)
    control.adjust(-0.5, images=9)  # the mean is negative
    assert control.p.item() == pytest.approx(0.4)


def test_an_error_of_0_changes_nothing():
    control = Adaptive(DiffAugment(p=0.5), interval=1)
    control.adjust(0.0, images=64)
    assert control.p.item() == 0.5


@pytest.mark.parametrize(("start", "error", "end"), [(0.9, 1.0, 1.0), (0.1, -1.0, 0.0)])
def test_p_stays_in_0_to_1(start, error, end):
    control = Adaptive(DiffAugment(p=start), images_to_full=10, interval=1)
    control.adjust(error, images=5)
    assert control.p.item() == end


@pytest.mark.parametrize("error", [math.inf, -math.inf, math.nan])
def test_infinite_and_nan_errors_are_ignored(error):
    control = Adaptive(DiffAugment(p=0.5), images_to_full=100, interval=2)
    for each in (error, 1.0, 1.0, 1.0):
        control.adjust(each, images=4)
    assert control.p.item() == pytest.approx(0.62)  # by the 12 images of the others


def test_a_nan_in_the_state_lasts_for_one_interval():
    control = Adaptive(DiffAugment(p=0.5), images_to_full=100, interval=1)
    control.load_state_dict(control.state_dict() | {"_gathered": torch.tensor([math.nan, 0.0])})
    for _ in range(3):
        control.adjust(1.0, images=4)
    assert control.p.item() == pytest.approx(0.58)


def test_the_error_is_one_number_of_any_shape():
    control = Adaptive(DiffAugment(p=0.5), images_to_full=100, interval=1)
    control.adjust(torch.ones(1, 1), images=4)
    assert control.p.item() == pytest.approx(0.54)
    with pytest.raises(ValueError, match=r"expected one number .*; got \(4,\); take its mean"):
        control.adjust(torch.ones(4), images=4)


def test_half_precision_is_too_coarse_for_the_probability():
    control = Adaptive(DiffAugment(p=0.5)).bfloat16()
    with pytest.raises(ValueError, match=r"expected a probability in float32 .*; got torch.bfloat16"):
        control.adjust(1.0, images=64)


def test_the_papers_speed():
    control = Adaptive(ADA("bgc"))
    for _ in range(4):
        control.adjust(overfitting(torch.ones(64)), images=64)
    assert control.p.item() == pytest.approx(64 * 4 / 500_000)


def test_is_called_like_the_augmentation(images, seeded):
    control = Adaptive(DiffAugment())
    assert torch.equal(control(images, generator=seeded()), DiffAugment()(images, generator=seeded()))
    parameters = control.sample(images, generator=seeded())
    assert torch.equal(control(images, parameters), control(images, generator=seeded()))
    set_probability(control, 0.25)
    assert control.augment.p.item() == 0.25


def test_resuming_from_the_state_equals_an_uninterrupted_run():
    errors = torch.randn(11, generator=torch.Generator().manual_seed(0))

    def fresh():
        return Adaptive(DiffAugment(p=0.5), images_to_full=300, interval=4)

    uninterrupted, stopped = fresh(), fresh()
    for error in errors:
        uninterrupted.adjust(error, images=8)
    for error in errors[:6]:  # in the middle of an interval
        stopped.adjust(error, images=8)
    resumed = fresh()
    resumed.load_state_dict(stopped.state_dict())
    for error in errors[6:]:
        resumed.adjust(error, images=8)
    assert resumed.p.item() not in (0.0, 0.5, 1.0)
    assert_close(resumed.state_dict(), uninterrupted.state_dict(), rtol=0, atol=0)


RANK = """
import json, os, sys, torch, torch.distributed as dist
from gan_augment import Adaptive, DiffAugment

rank = int(sys.argv[2])
dist.init_process_group("gloo", init_method="file://" + sys.argv[1], rank=rank, world_size=2)
control = Adaptive(DiffAugment(p=0.5), images_to_full=100, interval=2)
for error, images in ([(0.5, 2), (0.2, 2), (0.3, 2)], [(-0.1, 4), (-0.1, 4), (0.4, 4)])[rank]:
    control.adjust(torch.tensor(error), images=images)
states = [None, None]
dist.all_gather_object(states, {key: value.tolist() for key, value in control.state_dict().items()})
print(json.dumps(states[rank]), flush=True)
dist.barrier()
os._exit(0)  # torch 2.6 sometimes hangs in destroy_process_group
"""


def test_two_processes_equal_one(tmp_path):
    command = [sys.executable, "-c", RANK, str(tmp_path / "store")]
    ranks = [
        subprocess.Popen([*command, rank], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for rank in "01"
    ]
    outputs = [rank.communicate(timeout=120) for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0, 0], outputs
    first, second = (json.loads(stdout) for stdout, _ in outputs)
    assert first == second  # in the middle of an interval too
    alone = Adaptive(DiffAugment(p=0.5), images_to_full=100, interval=2)
    for error in (0.5 * 2 - 0.1 * 4, 0.2 * 2 - 0.1 * 4, 0.3 * 2 + 0.4 * 4):
        alone.adjust(error / 6, images=6)
    # Alone, the first process would go up by 4 images and the second down by 8; together they go up by 12.
    assert alone.p.item() == pytest.approx(0.62)
    assert_close({key: torch.tensor(value) for key, value in first.items()}, alone.state_dict())


def test_bad_speeds_are_named():
    with pytest.raises(ValueError, match="expected positive images_to_full and interval; got 0 and 4"):
        Adaptive(DiffAugment(), images_to_full=0)
    with pytest.raises(ValueError, match="got 500000 and 0"):
        Adaptive(DiffAugment(), interval=0)
