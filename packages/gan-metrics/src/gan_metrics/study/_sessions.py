"""The sessions of participants, as the file of answers has them."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gan_metrics.study._answers import Record
from gan_metrics.study._study import Study
from gan_metrics.study._trials import ANSWERS, Part

LONGEST = 3_600_000  # milliseconds; what is longer was no thinking


@dataclass(frozen=True)
class Reply:
    """A participant's answer to a trial.

    Attributes:
        trial: its number in the session, from 0.
        part: that of the trial.
        truth: the right answer.
        answer: the participant's.
        milliseconds: from the question to the answer.
        shown: for how many milliseconds the pictures were shown.
        views: how many times the trial was sent to the page; more than once after a reload.
    """

    trial: int
    part: Part
    truth: str
    answer: str
    milliseconds: float
    shown: float
    views: int

    @property
    def right(self) -> bool:
        """Whether it is the right one."""
        return self.answer == self.truth


@dataclass
class Session:
    """A participant's session.

    Attributes:
        participant: a random number.
        algorithm: whose fakes are shown.
        answers: those so far, by the number of their trial.
    """

    participant: str
    algorithm: str
    answers: dict[int, Reply] = field(default_factory=dict[int, Reply])

    def next_trial(self, trials: int) -> int | None:
        """The number of the first trial that is not answered; None after the last one."""
        return next((number for number in range(trials) if number not in self.answers), None)


def session_record(study: Study, session: Session) -> Record:
    """The record of a session's begin."""
    return {
        "event": "session",
        "study": study.id,
        "participant": session.participant,
        "algorithm": session.algorithm,
    }


def answer_record(study: Study, session: Session, reply: Reply, pictures: Sequence[str]) -> Record:
    """The record of an answer."""
    who = {"event": "answer", "study": study.id, "participant": session.participant}
    return {**who, **vars(reply), "pictures": list(pictures)}


def replay(study: Study, records: Iterable[Record]) -> tuple[dict[str, Session], list[str]]:
    """The sessions in some records, by participant, and sentences about records that do not fit.

    The first answer to a trial counts. The same record twice, of files that were copied, is no mistake.
    """
    sessions: dict[str, Session] = {}
    unfit: Counter[str] = Counter()
    listed = list(records)
    for record in (each for each in listed if each.get("event") == "session"):
        if record.get("study") != study.id:
            unfit["of another study"] += 1
        elif record.get("algorithm") not in study.fake or not isinstance(record.get("participant"), str):
            unfit["of an unknown algorithm or participant"] += 1
        else:
            participant = record["participant"]
            sessions.setdefault(participant, Session(participant, record["algorithm"]))
    for record in (each for each in listed if each.get("event") != "session"):
        session, reply = sessions.get(str(record.get("participant"))), _reply(study, record)
        if session is None or reply is None:
            unfit["of another study" if record.get("study") != study.id else "that are damaged"] += 1
        else:
            session.answers.setdefault(reply.trial, reply)
    return sessions, [f"records {what} were ignored: {count}" for what, count in unfit.items()]


def _reply(study: Study, record: Record) -> Reply | None:
    """The answer in a record; None if it is none of this study."""
    try:
        reply = Reply(**{name: record[name] for name in Reply.__dataclass_fields__})
    except KeyError:
        return None
    numbers = (reply.milliseconds, reply.shown, reply.views)
    fits = (
        record.get("study") == study.id
        and type(reply.trial) is int
        and 0 <= reply.trial < study.trials
        and reply.part in ("practice", "counted", "attention")
        and all(answer in ANSWERS[study.mode] for answer in (reply.answer, reply.truth))
        and all(isinstance(number, int | float) and 0 <= number <= LONGEST for number in numbers)
    )
    return reply if fits else None


def choose_algorithm(study: Study, sessions: Iterable[Session]) -> str:
    """The algorithm with the fewest sessions; among equals, one at random."""
    counts = Counter(session.algorithm for session in sessions)
    fewest = min(counts[name] for name in study.fake)
    equal = [name for name in study.fake if counts[name] == fewest]
    return random.Random(f"{study.seed} {counts.total()}").choice(equal)
