import math

import pytest
from gan_trainers import cosine_decay, linear_decay, step_decay, warm_up


def test_linear_decay_by_hand():
    factors = [linear_decay(step, start=2, end=5) for step in range(1, 8)]
    assert factors == [1.0, 1.0, 0.75, 0.5, 0.25, 0.0, 0.0]


def test_linear_decay_is_the_official_epoch_rule():
    """junyanz: 1 - max(0, epoch + 1 - n_epochs) / (n_epochs_decay + 1), epoch counted from 0 there."""
    for step in range(1, 201):
        official = 1 - max(0, step - 100) / 101
        assert linear_decay(step, start=100, end=200) == pytest.approx(official, abs=1e-15)


def test_cosine_decay_by_hand():
    factors = [cosine_decay(step, start=0, end=3) for step in range(0, 5)]
    r = math.sqrt(0.5)
    assert factors == pytest.approx([1.0, (1 + r) / 2, 0.5, (1 - r) / 2, 0.0], abs=1e-15)


def test_step_decay_by_hand():
    assert [step_decay(step, at=(2, 4), factor=0.1) for step in range(1, 6)] == pytest.approx(
        [1, 1, 0.1, 0.1, 0.01]
    )


def test_warm_up_by_hand():
    assert [warm_up(step, steps=4) for step in range(1, 7)] == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    assert warm_up(1, steps=0) == 1.0


@pytest.mark.parametrize("decay", [linear_decay, cosine_decay])
def test_end_before_start_is_refused(decay):
    with pytest.raises(ValueError, match="start <= end; got start=5 and end=4"):
        decay(1, start=5, end=4)


def test_a_negative_warm_up_is_refused():
    with pytest.raises(ValueError, match="warm_up expects steps >= 0; got -5"):
        warm_up(1, steps=-5)
