"""What a participant is shown."""

from collections import Counter

from gan_metrics.study._study import read_study
from gan_metrics.study._trials import plan_trials


def test_a_participant_has_one_plan(make):
    study = read_study(make())
    plans = [plan_trials(study, participant, "same") for participant in ("a", "a", "b")]
    assert plans[0] == plans[1] != plans[2]


def test_practice_comes_first_and_checks_at_random_places(make):
    study = read_study(make())
    places = set()
    for participant in map(str, range(20)):
        parts = [trial.part for trial in plan_trials(study, participant, "other")]
        assert parts[:2] == ["practice"] * 2
        assert Counter(parts[2:]) == {"counted": 8, "attention": 2}
        places.add(tuple(parts))
    assert len(places) > 5


def test_a_pair_is_a_real_and_a_fake_picture_at_random_sides(make):
    study = read_study(make())
    sides = Counter()
    for participant in map(str, range(100)):
        for name in ("same", "other"):
            trials = plan_trials(study, participant, name)
            sides.update(trial.truth for trial in trials)
            pairs = [trial.pictures[:: 1 if trial.truth == "left" else -1] for trial in trials]
            reals, fakes = zip(*pairs, strict=True)
            assert set(reals) <= study.real.keys()
            assert set(fakes) <= study.fake[name].keys() | set(study.broken)
            assert len(set(fakes)) == len(fakes)
            assert len(set(reals)) == len(reals)
            if name == "same":
                assert all(study.partners.get(fake, real) == real for real, fake in pairs)
    assert abs(sides["left"] - sides["right"]) < 4 * (2400**0.5)  # 4 standard deviations of the difference


def test_half_of_the_single_pictures_are_real(make):
    study = read_study(make(mode="single", practice=3, counted=9))
    orders = set()
    for participant in map(str, range(20)):
        trials = plan_trials(study, participant, "other")
        counts = Counter((trial.part, trial.truth) for trial in trials)
        assert counts == {
            ("practice", "real"): 1, ("practice", "fake"): 2, ("counted", "real"): 4, ("counted", "fake"): 5,
            ("attention", "fake"): 2,
        }  # fmt: skip
        pictures = [trial.pictures[0] for trial in trials]
        assert len(set(pictures)) == len(pictures)
        assert all((trial.pictures[0] in study.real) == (trial.truth == "real") for trial in trials)
        orders.add(tuple(trial.truth for trial in trials))
    assert len(orders) > 5


def test_there_is_a_real_picture_beside_a_broken_one_also_when_all_are_used(make):
    study = read_study(make(fakes=["same"], practice=4, counted=10))
    checks = [trial for trial in plan_trials(study, "a", "same") if trial.part == "attention"]
    assert len(checks) == 2
    assert all(len(set(trial.pictures) & study.real.keys()) == 1 for trial in checks)
