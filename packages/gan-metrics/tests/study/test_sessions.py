"""Sessions as the records have them, and who sees which algorithm."""

from collections import Counter

import pytest
from gan_metrics.study._sessions import (
    Reply,
    Session,
    answer_record,
    choose_algorithm,
    replay,
    session_record,
)
from gan_metrics.study._study import read_study


@pytest.fixture
def study(make):
    return read_study(make())


@pytest.fixture
def records(study):
    """Those of one session with two answers."""
    session = Session("someone", "same")
    reply = [Reply(number, "counted", "left", "left", 400, 1000, 1) for number in range(2)]
    return [
        session_record(study, session),
        *(answer_record(study, session, each, ["a", "b"]) for each in reply),
    ]


def test_records_become_the_session_again(study, records):
    sessions, notes = replay(study, records)
    assert notes == []
    assert sessions["someone"].algorithm == "same"
    assert sessions["someone"].answers[1] == Reply(1, "counted", "left", "left", 400, 1000, 1)
    assert sessions["someone"].next_trial(study.trials) == 2


def test_the_first_answer_counts_and_copies_are_no_mistake(study, records):
    sessions, notes = replay(study, [*records, *records, {**records[1], "answer": "right"}])
    assert notes == []
    assert [reply.answer for reply in sessions["someone"].answers.values()] == ["left", "left"]


def test_a_lost_answer_is_asked_for_again(study, records):
    sessions, _ = replay(study, [records[0], records[2]])
    assert sessions["someone"].next_trial(study.trials) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"answer": "real"}, {"truth": None}, {"trial": 99}, {"trial": "0"}, {"trial": True}, {"part": ""},
        {"milliseconds": -1}, {"shown": "long"}, {"views": None}, {"participant": "nobody"}, {"answer": []},
    ],
)  # fmt: skip
def test_damaged_records_are_counted_and_ignored(study, records, change):
    sessions, notes = replay(study, [*records[:2], {**records[2], **change}])
    assert list(sessions["someone"].answers) == [0]
    assert notes == ["records that are damaged were ignored: 1"]


def test_records_of_another_study_are_ignored(study, records):
    sessions, notes = replay(study, [{**record, "study": "other"} for record in records])
    assert sessions == {}
    assert notes == ["records of another study were ignored: 3"]


def test_algorithms_have_equally_many_participants(study):
    sessions = []
    for number in range(41):
        sessions.append(Session(str(number), choose_algorithm(study, sessions)))
        counts = Counter(session.algorithm for session in sessions)
        assert abs(counts["same"] - counts["other"]) <= 1
    firsts = [session.algorithm for session in sessions[::2]]
    assert 0 < firsts.count("same") < len(firsts)  # at random among equals
    again: list[Session] = []
    for number in range(41):
        again.append(Session(str(number), choose_algorithm(study, again)))
    assert again == sessions
