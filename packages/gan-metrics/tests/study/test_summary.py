"""The numbers of simulated participants against theory."""

from statistics import NormalDist

import pytest
from gan_metrics.study._served_study import ServedStudy
from gan_metrics.study._sessions import Reply, Session
from gan_metrics.study._study import read_study
from gan_metrics.study._summary import summarize
from gan_metrics.study._trials import plan_trials


@pytest.fixture
def take_part_in_memory(rater):
    """The sessions of many raters of one sensitivity."""

    def run(study, sensitivity, count=60, algorithm="same"):
        sessions = []
        for number in range(count):
            session, who = Session(f"{number}", algorithm), rater(sensitivity, number)
            for index, trial in enumerate(plan_trials(study, session.participant, algorithm)):
                reply = Reply(index, trial.part, trial.truth, who.answer(trial), 400 + number, 1000, 1)
                session.answers[index] = reply
            sessions.append(session)
        return sessions

    return run


def summary(study, sessions, **options):
    return summarize(study, sessions, **{"min_attention": 0.75, "width": 0.1, **options})


def binomial(share, answers):
    """Four standard deviations of the share of that many answers."""
    return 4 * (share * (1 - share) / answers) ** 0.5


@pytest.mark.parametrize("sensitivity", [0, 0.5, 1, 2])
def test_pairs_fool_raters_as_often_as_theory_says(make, take_part_in_memory, sensitivity):
    """Two-alternative forced choice: a rater of d' is right with probability Phi(d' / sqrt 2)."""
    study = read_study(make())
    numbers = summary(study, take_part_in_memory(study, sensitivity))["algorithms"]["same"]
    theory = NormalDist().cdf(-sensitivity / 2**0.5)
    found = numbers["fakes_taken_for_real"]
    assert numbers["participants"] == 60
    assert abs(found["share"] - theory) < binomial(theory, 480)
    assert found["low"] < found["share"] < found["high"]
    assert found["high"] - found["low"] == pytest.approx(binomial(theory, 480) * 1.96 / 2, rel=0.3)


@pytest.mark.parametrize("sensitivity", [0, 1])
def test_single_pictures_fool_raters_as_often_as_theory_says(make, take_part_in_memory, sensitivity):
    """Yes or no with the criterion in the middle: both errors have probability Phi(-d' / 2)."""
    study = read_study(make(mode="single"))
    numbers = summary(study, take_part_in_memory(study, sensitivity))["algorithms"]["same"]
    theory = NormalDist().cdf(-sensitivity / 2)
    for kind, answers in (("all_errors", 480), ("fakes_taken_for_real", 240), ("reals_taken_for_fake", 240)):
        assert abs(numbers[kind]["share"] - theory) < binomial(theory, answers)


@pytest.mark.parametrize("mode", ["pairs", "single"])
def test_who_sees_everything_is_never_fooled(make, rater, take_part, mode):
    server = ServedStudy(make(mode=mode))
    sessions = [take_part(server, rater(50, seed)) for seed in range(4)]
    server.close()
    numbers = summary(server.study, sessions)
    assert numbers["attention"] == 1
    for each in numbers["algorithms"].values():
        assert each["participants"] == 2
        assert each["fakes_taken_for_real"] == {"share": 0, "low": 0, "high": 0}
        assert each["further_participants"] is None


def answers(parts):
    """A session of answers that are right or wrong: `parts` is for each part a string like "rrw"."""
    session = Session("-".join(parts.values()), "same")
    for part, string in parts.items():
        for right in string:
            number = len(session.answers)
            reply = "left" if right == "r" else "right"
            session.answers[number] = Reply(number, part, "left", reply, 100 * number, 1000, 1)
    return session


def test_only_what_counts_counts_and_the_mean_is_over_participants(make):
    study = read_study(make())
    some = answers({"practice": "ww", "counted": "rrrrrrrw", "attention": "rr"})
    other = answers({"practice": "rr", "counted": "rrrrwwww", "attention": "rr"})
    numbers = summary(study, [some, other])["algorithms"]
    assert numbers["same"]["fakes_taken_for_real"]["share"] == (1 / 8 + 4 / 8) / 2
    assert numbers["same"]["median_seconds"] == pytest.approx(0.55)  # of 200 to 900 ms, twice
    assert numbers["same"]["further_participants"] == 109 - 2  # (2 * 1.95996 * 0.26517 / 0.1)^2 = 108.04
    assert numbers["other"] == {
        "participants": 0, "fakes_taken_for_real": None, "median_seconds": None, "further_participants": None,
        "pairing": "random",
    }  # fmt: skip


def test_who_does_not_count_and_why(make):
    study = read_study(make())
    sessions = [
        answers({"practice": "rr", "counted": "rrrrrrrr", "attention": "rr"}),
        answers({"practice": "rr", "counted": "rrrrrrrw", "attention": "rw"}),
        answers({"practice": "rr", "counted": "rrr"}),
        Session("nothing", "other"),
    ]
    numbers = summary(study, sessions)
    assert numbers["participants"] == 1
    assert {each["reason"] for each in numbers["excluded"]} == {
        "passed 1 of 2 attention checks",
        "did not finish, 7 of 12 answers are missing",
        "did not finish, 12 of 12 answers are missing",
    }
    assert numbers["attention"] == 0.75
    assert summary(study, sessions, min_attention=0.5)["participants"] == 2


def test_reloads_and_pictures_shown_for_another_time_are_counted(make):
    study = read_study(make())
    session = answers({"practice": "rr", "counted": "rrrrrrrr", "attention": "rr"})
    session.answers[3] = Reply(3, "counted", "left", "left", 300, 1000, 2)
    session.answers[4] = Reply(4, "counted", "left", "left", 300, 1101, 1)
    session.answers[5] = Reply(5, "counted", "left", "left", 300, 1099, 1)
    session.answers[6] = Reply(6, "counted", "left", "left", 300, 0, 1)
    numbers = summary(study, [session])
    assert (numbers["repeated_views"], numbers["shown_otherwise"]) == (1, 2)
