"""A study that is served: its sessions, and what each participant may see and answer next."""

import hashlib
import secrets
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from gan_metrics.study._answers import AnswerFile, read_answers
from gan_metrics.study._sessions import (
    LONGEST,
    Reply,
    Session,
    answer_record,
    choose_algorithm,
    replay,
    session_record,
)
from gan_metrics.study._study import ANSWERS as FILE
from gan_metrics.study._study import check_pictures, picture_path, read_study
from gan_metrics.study._trials import ANSWERS, Trial, plan_trials

State: TypeAlias = dict[str, Any]


class RefusedError(Exception):
    """What a participant's page asked for is not allowed.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class ServedStudy:
    """A study that is served, one process at a time.

    Participants are known by a token, of which the file of answers has a digest: who reads the file cannot
    go on in someone's place.

    Args:
        folder: of the study.

    Raises:
        ValueError: it is no study, or a picture is missing.
        OSError: it cannot be read, or is served already.
    """

    def __init__(self, folder: Path) -> None:
        self.study = read_study(folder)
        check_pictures(self.study, folder)
        self._folder = folder
        self._file = AnswerFile(folder / FILE)
        records, damage = read_answers(folder / FILE)
        self._sessions, unfit = replay(self.study, records)
        self.notes = [*damage, *unfit]
        self._views: Counter[tuple[str, int]] = Counter()

    def close(self) -> None:
        """Close the file of answers."""
        self._file.close()

    def begin(self) -> tuple[str, Session]:
        """Begin a session; returns the participant's token and the session."""
        token = secrets.token_urlsafe(24)
        algorithm = choose_algorithm(self.study, self._sessions.values())
        session = Session(_participant(token), algorithm)
        self._file.append(session_record(self.study, session))
        self._sessions[session.participant] = session
        return token, session

    def find(self, token: str | None) -> Session | None:
        """The session of a token."""
        return None if token is None else self._sessions.get(_participant(token))

    def state(self, session: Session) -> State:
        """Where a session stands: what its page shows next, and the pictures to load ahead."""
        trials = self._plan(session)
        number = session.next_trial(len(trials))
        state = {"total": len(trials), "practice": self.study.practice, "trial": number}
        if number is None:
            return {**state, "code": session.participant}
        self._views[session.participant, number] += 1
        after = trials[number + 1].pictures if number + 1 < len(trials) else ()
        return {**state, "pictures": trials[number].pictures, "ahead": after}

    def picture(self, session: Session, picture: str) -> bytes:
        """A picture of the present trial or the one after it, as PNG.

        Raises:
            RefusedError: it is another picture, or none.
        """
        trials, number = self._plan(session), session.next_trial(self.study.trials)
        for index in () if number is None else (number, number + 1):
            if index < len(trials) and picture in trials[index].pictures:
                return picture_path(self._folder, picture).read_bytes()
        raise RefusedError(404, "This is no picture of your next question")

    def answer(self, session: Session, body: object) -> State:
        """Store an answer to the present trial; returns the next state, after practice with the truth.

        Raises:
            RefusedError: it is no answer, or one to another trial.
        """
        trials, number = self._plan(session), session.next_trial(self.study.trials)
        reply = _read(body, number, trials, ANSWERS[self.study.mode])
        reply = replace(reply, views=self._views[session.participant, reply.trial])
        pictures = trials[reply.trial].pictures
        self._file.append(answer_record(self.study, session, reply, pictures))
        session.answers[reply.trial] = reply
        truth = {"truth": reply.truth} if reply.part == "practice" else {}
        return {**self.state(session), **truth}

    def _plan(self, session: Session) -> list[Trial]:
        return plan_trials(self.study, session.participant, session.algorithm)


def _participant(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:16]


def _read(body: object, number: int | None, trials: list[Trial], answers: tuple[str, str]) -> Reply:
    """The answer to a trial in what a page sent."""
    if not isinstance(body, dict) or body.get("answer") not in answers or type(body.get("trial")) is not int:
        raise RefusedError(400, f"Expected the number of a question and an answer, {' or '.join(answers)}")
    if number is None or body["trial"] != number:
        raise RefusedError(409, "This question is answered, or is not the next one")
    trial = trials[number]
    milliseconds, shown = _time(body.get("milliseconds")), _time(body.get("shown"))
    return Reply(number, trial.part, trial.truth, body["answer"], milliseconds, shown, views=0)


def _time(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return round(float(min(value, LONGEST)), 1)
    raise RefusedError(400, "Expected a time in milliseconds")
