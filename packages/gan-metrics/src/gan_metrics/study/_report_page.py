"""The report's page, of the numbers of a study."""

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from typing import Any

Numbers = dict[str, Any]  # those of `summarize`, and "notes"

MARK = "<!-- written by gan-metrics study report -->"
KINDS = {
    "all_errors": "all errors (HYPE)",
    "fakes_taken_for_real": "fakes taken for real",
    "reals_taken_for_fake": "real pictures taken for fake",
}
HEADINGS = {"pairs": "Fakes taken for real", "single": "Wrong answers"}
_SCALE = '<div class="scale"><span>0%</span><span>50%</span><span>100%</span></div>'


def draw_page(numbers: Numbers) -> str:
    """The page as HTML, with its style in it."""
    title = escape(numbers["title"])
    sections = {
        HEADINGS[numbers["mode"]]: _shares(numbers) + _reading(numbers),
        "Time and further participants": _algorithms(numbers),
        "Who does not count": _excluded(numbers),
        "Notes": _list(_notes(numbers)),
    }
    body = "".join(f"<section><h2>{name}</h2>{text}</section>" for name, text in sections.items() if text)
    style = files("gan_metrics.study").joinpath("report.css").read_text("utf-8")
    return (
        f'{MARK}\n<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{style}</style></head>"
        f"<body><h1>{title}</h1><p>{_what(numbers)}</p>{body}</body></html>\n"
    )


def _what(numbers: Numbers) -> str:
    shown = f"shown for {numbers['seconds']:g} s" if numbers["seconds"] else "shown without limit"
    what = "pairs" if numbers["mode"] == "pairs" else "single pictures"
    count = _count(numbers["participants"], "participant")
    return f"{count} who count; {numbers['answers_each']} {what} each, {shown}."


def _shares(numbers: Numbers) -> str:
    """The table of shares, each with its interval as a drawing beside the numbers."""
    lines: list[list[str]] = []
    for name, each in numbers["algorithms"].items():
        kinds = [kind for kind in KINDS if kind in each]
        names = [escape(name), *([""] * (len(kinds) - 1))]
        lines += [
            [name, KINDS[kind], *_cells(each[kind]), str(each["participants"])]
            for name, kind in zip(names, kinds, strict=True)
        ]
    head = ["algorithm", "wrong answers", "share", "95% interval", _SCALE, "participants"]
    if numbers["mode"] == "pairs":  # which have one kind, that of the heading
        head, *lines = ([line[0], *line[2:]] for line in (head, *lines))
    return _table(head, lines)


def _cells(estimate: Numbers | None) -> list[str]:
    if estimate is None:
        return ["-", "-", ""]
    share, low, high = (estimate[name] for name in ("share", "low", "high"))
    interval = "needs 2 participants" if low is None else f"{low:.1%} to {high:.1%}"
    line = "" if low is None else f'<i style="left:{low:.2%};width:{high - low:.2%}"></i>'
    return [f"{share:.1%}", interval, f'<div class="bar"><u></u>{line}<b style="left:{share:.2%}"></b></div>']


def _reading(numbers: Numbers) -> str:
    """What the shares mean."""
    told = {
        "pairs": "The share of pairs in which the fake was taken for the real picture",
        "single": "The share of pictures taken for what they are not; the first line is HYPE's error rate",
    }
    return (
        f"<p>{told[numbers['mode']]}: the mean of the participants' shares. 50% is guessing: the fakes "
        "cannot be told from real pictures. 0% is telling all of them. The intervals are of a bootstrap "
        "over participants; with fewer than 20 they are too narrow. If all participants have the same "
        "share, the interval is a point, which does not mean that the share is known exactly.</p>"
    )


def _algorithms(numbers: Numbers) -> str:
    lines = [
        [
            escape(name),
            "-" if each["median_seconds"] is None else f"{each['median_seconds']:.2f} s",
            "not known" if each["further_participants"] is None else str(each["further_participants"]),
            _pairing(numbers["mode"], each["pairing"]),
        ]
        for name, each in numbers["algorithms"].items()
    ]
    wanted = f"further participants for an interval of {100 * numbers['width']:g} points"
    return _table(["algorithm", "median time of an answer", wanted, "real pictures"], lines)


def _pairing(mode: str, pairing: str) -> str:
    if mode == "single":
        return "one at a time, as the fakes"
    return "of the fakes' names" if pairing == "names" else "at random"


def _excluded(numbers: Numbers) -> str:
    listed = numbers["excluded"]
    lines = [[each["participant"], escape(each["algorithm"]), each["reason"]] for each in listed]
    text = (
        _table(["participant", "algorithm", "reason"], lines) if lines else "<p>All participants count.</p>"
    )
    if numbers["attention"] is None:
        return text
    passed, least = f"{numbers['attention']:.0%}", f"{numbers['min_attention']:.0%}"
    return f"<p>{passed} of the attention checks were passed; {least} are asked of a participant.</p>{text}"


def _notes(numbers: Numbers) -> list[str]:
    kinds = {
        "came after a reload, which shows the pictures again": numbers["repeated_views"],
        "came after pictures shown for 10% more or less than their time": numbers["shown_otherwise"],
    }
    return [*(f"{_count(many, 'answer')} {what}" for what, many in kinds.items() if many), *numbers["notes"]]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _list(sentences: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(each)}</li>' for each in sentences)}</ul>" if sentences else ""


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table of cells in HTML."""
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in line)}</tr>" for line in lines)
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
