import math

import pytest
from gan_metrics import Patience


def stops_after(scores, *arguments, **options):
    """The number of scores after which it is over; None if it never is."""
    patience = Patience(*arguments, **options)
    for count, score in enumerate(scores, start=1):
        patience.add(score)
        if patience.over:
            return count
    return None


def test_stops_after_a_number_of_worse_scores():
    assert stops_after([9, 5, 4, 5, 6, 7, 8], 3) == 6
    assert stops_after([9, 5, 4, 5, 6, 3, 4, 5, 6], 3) == 9  # it improved again after the first rise
    assert stops_after([9, 5, 4, 4, 4, 4], 3) == 6  # equal is not better
    assert stops_after([9, 8, 7, 6, 5, 4], 1) is None


def test_higher_is_better():
    assert stops_after([1, 2, 3, 2, 1], 2, better="higher") == 5
    assert stops_after([9, 5, 4, 2], 2, better="higher") == 3


def test_scores_have_to_improve_by_the_margin():
    assert stops_after([10, 9.9, 9.8, 9.7], 3, margin=0.5) == 4
    assert stops_after([10, 9.4, 8.8, 8.2], 3, margin=0.5) is None
    # Small steps add up, since each score is compared with the last best one.
    assert stops_after([10, 9.8, 9.6, 9.4, 9.2, 9.0], 3, margin=0.5) is None


def test_the_best_score():
    patience = Patience(3)
    assert patience.best is None
    assert [patience.add(score) for score in [5.0, math.inf, 3.0, 4.0]] == [True, False, True, False]
    assert patience.best == 3.0


def test_resuming_from_the_state():
    scores = [9, 5, 4, 5, 6, 7]
    for stop in range(len(scores) + 1):
        before, after = Patience(3), Patience(3)
        for score in scores[:stop]:
            before.add(score)
        after.load_state_dict(before.state_dict())
        for score in scores[stop:]:
            assert not after.over
            after.add(score)
        assert after.over
        assert after.best == 4


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="at least one evaluation to wait for; got 0"):
        Patience(0)
    with pytest.raises(ValueError, match="got 'less'"):
        Patience(3, better="less")
    with pytest.raises(ValueError, match=r"at least 0; got -0\.1"):
        Patience(3, margin=-0.1)
    with pytest.raises(FloatingPointError, match="got NaN"):
        Patience(3).add(math.nan)
