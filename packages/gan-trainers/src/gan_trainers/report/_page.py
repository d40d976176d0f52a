"""One HTML page about one run or several, self-contained: no file beside it, nothing to fetch."""

import base64
import io
import tempfile
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from PIL import Image

from gan_trainers.base.atomic import atomic_write_text, explained_os_errors
from gan_trainers.logs.curves import Row, draw_curves
from gan_trainers.report._health import LEAST_ROWS, direction, findings
from gan_trainers.report._recorded import RecordedRun, read_runs

_MARK = "<!-- written by gan-trainers report -->"
_HEADING = ("step", "seconds", "images")


def write_report(runs: Sequence[Path], page: Path, *, pictures: int = 5) -> list[str]:
    """Write a page that compares runs: health, scores, curves, previews over time, settings.

    Args:
        runs: the folders of the runs.
        page: the file to write; an earlier report is replaced.
        pictures: number of grids shown of each preview, evenly spread over time, the newest included.

    Returns:
        Sentences about what is damaged or missing in the folders; the page has them too.

    Raises:
        ValueError: a folder is not a run's, `page` is another file, or `pictures` is below 1.
        OSError: the page cannot be written.
    """
    if pictures < 1:
        raise ValueError(f"expected at least 1 picture of each preview; got {pictures}")
    if page.exists() and not page.read_text("utf-8", errors="replace").startswith(_MARK):
        raise ValueError(f"{page}: expected no file there, or an earlier report; choose another name")
    recorded = read_runs(runs)
    text = _page(recorded, pictures)
    with explained_os_errors(page):
        page.parent.mkdir(parents=True, exist_ok=True)
        atomic_write_text(page, text)
    return [sentence for run in recorded for sentence in run.damage]


def _page(runs: list[RecordedRun], pictures: int) -> str:
    title = escape(", ".join(run.label for run in runs))
    style = files("gan_trainers.report").joinpath("report.css").read_text("utf-8")
    sections = {
        "Health": "".join(map(_health, runs)),
        "Scores": _scores(runs),
        "Curves": _curves(runs),
        "Pictures": _pictures(runs, pictures),
        "Settings": _settings(runs),
    }
    body = "".join(f"<section><h2>{name}</h2>{text}</section>" for name, text in sections.items() if text)
    return (
        f'{_MARK}\n<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
        f"<style>{style}</style></head><body><h1>{title}</h1>{body}</body></html>\n"
    )


def _health(run: RecordedRun) -> str:
    """The length of the run, and the findings about its health."""
    found = [*run.damage, *findings(run.rows, {name: grids[-1] for name, grids in run.previews.items()})]
    items = "".join(f"<li>{escape(line)}</li>" for line in found)
    if len(run.rows) < LEAST_ROWS:
        items += f"<li>{_too_short(len(run.rows))}</li>"
    text = f"<ul>{items}</ul>" if items else "<p>No findings in the losses, scores and pictures.</p>"
    return f"<h3>{escape(run.label)}</h3><p>{_length(run)}</p>{text}"


def _too_short(rows: int) -> str:
    lines = "line" if rows == 1 else "lines"
    return f"The log is too short for findings in the losses and scores: {rows} {lines} of {LEAST_ROWS}."


def _length(run: RecordedRun) -> str:
    """The steps, images and minutes of the last line that has them."""
    last = {name: value for row in run.rows for name, value in row.items()}
    if not last:
        return "No scalars."
    planned = run.settings.get("steps")
    steps = f"{last['step']:,.0f}" + (f" of {planned:,}" if isinstance(planned, int) else "")
    images, minutes = last.get("images", 0), last.get("seconds", 0) / 60
    return f"{steps} steps, {images:,.0f} images, {minutes:,.1f} minutes."


def _scores(runs: list[RecordedRun]) -> str:
    """The last value of every scalar, and the best value of each score."""
    names = dict.fromkeys(name for run in runs for row in run.rows for name in row if name not in _HEADING)
    lines = [[name, *(_last_and_best(run.rows, name) for run in runs)] for name in names]
    return _table(["", *(run.label for run in runs)], lines) if lines else ""


def _last_and_best(rows: list[Row], name: str) -> str:
    points = [(row[name], row["step"]) for row in rows if name in row]
    if not points:
        return ""
    text = f"{points[-1][0]:.4g}"
    if sign := direction(name):
        best, step = max(points, key=lambda point: sign * point[0])
        text += f" (best {best:.4g} at step {step:,.0f})"
    return text


def _curves(runs: list[RecordedRun]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        drawing = Path(folder, "curves.svg")
        draw_curves({run.label: run.rows for run in runs}, drawing)
        if not drawing.exists():
            return ""
        svg = drawing.read_text("utf-8")
    return f"<figure>{svg[svg.index('<svg') :]}</figure>"


def _pictures(runs: list[RecordedRun], count: int) -> str:
    """The grids of each preview over time, one line for each run."""
    names = dict.fromkeys(name for run in runs for name in run.previews)
    return "".join(
        f"<h3>{escape(name)}</h3>"
        + "".join(
            _strip(run.label, _spread(run.previews[name], count)) for run in runs if name in run.previews
        )
        for name in names
    )


def _spread(grids: list[Path], count: int) -> list[Path]:
    """At most `count` grids, evenly spread, the last included."""
    count = min(count, len(grids))
    return [grids[(index + 1) * len(grids) // count - 1] for index in range(count)]


def _strip(label: str, grids: list[Path]) -> str:
    figures = "".join(
        f'<figure><img src="{_data_url(grid)}" alt=""><figcaption>{escape(label)}, step {int(grid.stem):,}'
        "</figcaption></figure>"
        for grid in grids
    )
    return f'<div class="strip">{figures}</div>'


def _data_url(picture: Path) -> str:
    packed = io.BytesIO()
    with Image.open(picture) as image:
        image.convert("RGB").save(packed, "WEBP", quality=85)
    return f"data:image/webp;base64,{base64.b64encode(packed.getvalue()).decode()}"


def _settings(runs: list[RecordedRun]) -> str:
    """All settings; those that differ between the runs come first."""
    names = list(dict.fromkeys(name for run in runs for name in run.settings))
    values = {name: [str(run.settings.get(name, "")) for run in runs] for name in names}
    differ = [name for name in names if len(set(values[name])) > 1]
    lines = [[name, *values[name]] for name in [*differ, *(name for name in names if name not in differ)]]
    return _table(["", *(run.label for run in runs)], lines, marked=len(differ))


def _table(head: list[str], lines: list[list[str]], *, marked: int = 0) -> str:
    """A table whose first `marked` lines are highlighted."""

    def cells(kind: str, texts: list[str]) -> str:
        return "".join(f"<{kind}>{escape(text)}</{kind}>" for text in texts)

    body = "".join(
        f"<tr{' class=differs' * (number < marked)}>{cells('td', line)}</tr>"
        for number, line in enumerate(lines)
    )
    return f"<table><thead><tr>{cells('th', head)}</tr></thead><tbody>{body}</tbody></table>"
