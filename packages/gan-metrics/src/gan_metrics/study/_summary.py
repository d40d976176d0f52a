"""The numbers of a study: who counts, and what they took for real."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from statistics import fmean, median
from typing import Any

from gan_metrics.study._estimates import estimate_share, participants_needed
from gan_metrics.study._sessions import Reply, Session
from gan_metrics.study._study import Study

Numbers = dict[str, Any]  # as JSON has them
TOLERANCE = 0.1  # of the time for which pictures are to be shown


def summarize(study: Study, sessions: Iterable[Session], *, min_attention: float, width: float) -> Numbers:
    """The numbers of a study.

    Args:
        study: what was shown.
        sessions: of the participants.
        min_attention: who answers a smaller share of the attention checks rightly does not count.
        width: of the interval that further participants are to give.

    Returns:
        A dictionary for JSON: "algorithms", "excluded" and "attention", and the settings they depend on.
    """
    listed = sorted(sessions, key=lambda session: session.participant)
    reasons = {each.participant: _reason(study, each, min_attention) for each in listed}
    counted = [each for each in listed if reasons[each.participant] is None]
    return {
        "study": study.id,
        "title": study.title,
        "mode": study.mode,
        "seconds": study.seconds,
        "answers_each": study.counted,
        "participants": len(counted),
        "algorithms": {
            name: _of_algorithm(study, [each for each in counted if each.algorithm == name], width)
            | {"pairing": study.pairing[name]}
            for name in study.fake
        },
        "excluded": [
            {"participant": each.participant, "algorithm": each.algorithm, "reason": reason}
            for each in listed
            if (reason := reasons[each.participant])
        ],
        "min_attention": min_attention,
        "attention": _share([_passed(each) for each in listed if _part(each, "attention")]),
        "width": width,
        "repeated_views": sum(reply.views > 1 for each in counted for reply in _part(each, "counted")),
        "shown_otherwise": sum(
            abs(reply.shown / 1000 - study.seconds) > TOLERANCE * study.seconds > 0
            for each in counted
            for reply in _part(each, "counted")
        ),
    }


def _part(session: Session, part: str) -> list[Reply]:
    return [reply for _, reply in sorted(session.answers.items()) if reply.part == part]


def _passed(session: Session) -> float:
    return fmean(reply.right for reply in _part(session, "attention"))


def _share(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def _reason(study: Study, session: Session, min_attention: float) -> str | None:
    """Why a participant does not count; None for one who does."""
    if (left := study.trials - len(session.answers)) > 0:
        return f"did not finish, {left} of {study.trials} answers are missing"
    if study.attention and _passed(session) < min_attention:
        right = sum(reply.right for reply in _part(session, "attention"))
        return f"passed {right} of {study.attention} attention checks"
    return None


def _of_algorithm(study: Study, sessions: list[Session], width: float) -> Numbers:
    """The shares of wrong answers; the main one is first."""
    answers = [_part(session, "counted") for session in sessions]
    kinds = {
        "fakes_taken_for_real": [_wrong(each, None if study.mode == "pairs" else "fake") for each in answers]
    }
    if study.mode == "single":
        kinds["reals_taken_for_fake"] = [_wrong(each, "real") for each in answers]
        kinds = {"all_errors": [_wrong(each, None) for each in answers], **kinds}
    main = next(iter(kinds.values()))
    needed = participants_needed(main, width)
    return {
        "participants": len(sessions),
        **{
            name: asdict(estimate_share(shares, seed=study.seed)) if shares else None
            for name, shares in kinds.items()
        },
        "median_seconds": median(each.milliseconds for part in answers for each in part) / 1000
        if answers
        else None,
        "further_participants": None if needed is None else max(needed - len(sessions), 0),
    }


def _wrong(answers: Sequence[Reply], truth: str | None) -> float:
    """The share of wrong answers, to all trials or to those with one truth."""
    return fmean(not reply.right for reply in answers if truth in (None, reply.truth))
