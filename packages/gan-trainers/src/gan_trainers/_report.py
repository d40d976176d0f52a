"""One HTML page about one run or several, with everything in it: no file beside it, nothing to fetch."""

import base64
import io
import json
import tempfile
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from gan_trainers._curves import Row, draw_curves, read_scalars
from gan_trainers._files import replace_text, writing
from gan_trainers._health import BETTER_LOWER, hints

MARK = "<!-- written by gan-trainers report -->"
HEADING = ("step", "seconds", "images")


class Recorded(NamedTuple):
    """What a run has left in its folder."""

    label: str
    settings: dict[str, Any]
    rows: list[Row]
    previews: dict[str, list[Path]]  # the grids of each name, the oldest first


def write_report(runs: Sequence[Path], page: Path, *, pictures: int = 5) -> None:
    """Write a page that shows runs side by side: health, scores, curves, pictures over time, settings.

    Args:
        runs: the folders of the runs.
        page: the file to write; a report that is there already is replaced.
        pictures: how many moments of each preview are shown, evenly spread, the newest among them.

    Raises:
        ValueError: a folder is not a run's, `page` is some other file, or `pictures` is below 1.
        OSError: the page cannot be written.
    """
    if pictures < 1:
        raise ValueError(f"expected at least 1 picture of each preview; got {pictures}")
    if page.exists() and not page.read_text("utf-8", errors="replace").startswith(MARK):
        raise ValueError(f"{page}: expected no file there, or an earlier report; give another name")
    labels = _labels(runs)
    text = _page([read_run(run, label) for run, label in zip(runs, labels, strict=True)], pictures)
    with writing(page):
        page.parent.mkdir(parents=True, exist_ok=True)
        replace_text(page, text)


def read_run(folder: Path, label: str) -> Recorded:
    """Read what a run has left.

    Raises:
        ValueError: the folder is not a run's.
    """
    log, settings = folder / "scalars.jsonl", folder / "settings.json"
    if not log.is_file() or not settings.is_file():
        raise ValueError(
            f"{folder}: expected a run's folder, with settings.json and scalars.jsonl; give what was --out"
        )
    written = json.loads(settings.read_text("utf-8"))
    versions = {f"version of {name}": version for name, version in written["versions"].items()}
    previews = {each.name: _grids(each) for each in sorted((folder / "previews").glob("*/"))}
    rows = read_scalars(log)
    if not rows:
        raise ValueError(f"{log}: expected scalars; the run has not logged any yet")
    everything = {**written["settings"], **versions, "git commit": written["git_commit"]}
    return Recorded(label, everything, rows, {name: grids for name, grids in previews.items() if grids})


def _grids(folder: Path) -> list[Path]:
    """The grids of a preview; what is damaged, or is not named after a step, is left out."""
    return [file for file in sorted(folder.glob("*.png")) if file.stem.isdigit() and _is_whole(file)]


def _is_whole(picture: Path) -> bool:
    try:
        with Image.open(picture) as image:
            image.verify()
    except (OSError, SyntaxError):  # what Pillow says of a broken PNG
        return False
    return True


def _labels(runs: Sequence[Path]) -> list[str]:
    """The folders' names, with as many of their parents as tell them apart."""
    parts = [run.resolve().parts for run in runs]
    depth = next(
        (depth for depth in range(1, 9) if len({each[-depth:] for each in parts}) == len(set(parts))), 8
    )
    return ["/".join(each[-depth:]) for each in parts]


def _page(runs: list[Recorded], pictures: int) -> str:
    title = escape(", ".join(run.label for run in runs))
    style = files("gan_trainers").joinpath("report.css").read_text("utf-8")
    chapters = {
        "Health": "".join(map(_health, runs)),
        "Scores": _scores(runs),
        "Curves": _curves(runs),
        "Pictures": _pictures(runs, pictures),
        "Settings": _settings(runs),
    }
    body = "".join(f"<section><h2>{name}</h2>{text}</section>" for name, text in chapters.items() if text)
    return (
        f'{MARK}\n<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
        f"<style>{style}</style></head><body><h1>{title}</h1>{body}</body></html>\n"
    )


def _health(run: Recorded) -> str:
    """How far the run came, and what is worth a look."""
    last = run.rows[-1]
    wanted = run.settings.get("steps")
    steps = f"{last['step']:,.0f}" + (f" of {wanted:,}" if isinstance(wanted, int) else "")
    found = hints(run.rows, {name: grids[-1] for name, grids in run.previews.items()})
    items = "".join(f"<li>{escape(line)}</li>" for line in found)
    told = f"<ul>{items}</ul>" if found else "<p>Nothing conspicuous in the losses, scores or pictures.</p>"
    return (
        f"<h3>{escape(run.label)}</h3><p>{steps} steps, {last['images']:,.0f} images, "
        f"{last['seconds'] / 60:,.1f} minutes.</p>{told}"
    )


def _scores(runs: list[Recorded]) -> str:
    """The last value of every scalar, and the best of what is measured now and then."""
    names = dict.fromkeys(name for run in runs for row in run.rows for name in row if name not in HEADING)
    lines = [[name, *(_last_and_best(run.rows, name) for run in runs)] for name in names]
    return _table(["", *(run.label for run in runs)], lines)


def _last_and_best(rows: list[Row], name: str) -> str:
    points = [(row[name], row["step"]) for row in rows if name in row]
    if not points:
        return ""
    told = f"{points[-1][0]:.4g}"
    if len(points) < len(rows):  # a score, not a loss
        choose = min if any(word in name for word in BETTER_LOWER) else max
        best, at = choose(points)
        told += f" (best {best:.4g} at step {at:,.0f})"
    return told


def _curves(runs: list[Recorded]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        drawing = Path(folder, "curves.svg")
        draw_curves({run.label: run.rows for run in runs}, drawing)
        if not drawing.exists():
            return ""
        svg = drawing.read_text("utf-8")
    return f"<figure>{svg[svg.index('<svg') :]}</figure>"


def _pictures(runs: list[Recorded], count: int) -> str:
    """Each preview's grids in the course of time, one line for each run."""
    names = dict.fromkeys(name for run in runs for name in run.previews)
    return "".join(
        f"<h3>{escape(name)}</h3>"
        + "".join(
            _strip(run.label, _spread(run.previews[name], count)) for run in runs if name in run.previews
        )
        for name in names
    )


def _spread(grids: list[Path], count: int) -> list[Path]:
    """So many of them, evenly spread, the last among them."""
    count = min(count, len(grids))
    return [grids[(place + 1) * len(grids) // count - 1] for place in range(count)]


def _strip(label: str, grids: list[Path]) -> str:
    shown = "".join(
        f'<figure><img src="{_embedded(grid)}" alt=""><figcaption>{escape(label)}, step {int(grid.stem):,}'
        "</figcaption></figure>"
        for grid in grids
    )
    return f'<div class="strip">{shown}</div>'


def _embedded(picture: Path) -> str:
    """The picture as the address of itself."""
    packed = io.BytesIO()
    with Image.open(picture) as image:
        image.convert("RGB").save(packed, "WEBP", quality=85)
    return f"data:image/webp;base64,{base64.b64encode(packed.getvalue()).decode()}"


def _settings(runs: list[Recorded]) -> str:
    """All settings; those that differ come first."""
    names = list(dict.fromkeys(name for run in runs for name in run.settings))
    values = {name: [str(run.settings.get(name, "")) for run in runs] for name in names}
    differ = [name for name in names if len(set(values[name])) > 1]
    lines = [[name, *values[name]] for name in [*differ, *(name for name in names if name not in differ)]]
    return _table(["", *(run.label for run in runs)], lines, marked=len(differ))


def _table(head: list[str], lines: list[list[str]], *, marked: int = 0) -> str:
    def cells(kind: str, texts: list[str]) -> str:
        return "".join(f"<{kind}>{escape(text)}</{kind}>" for text in texts)

    body = "".join(
        f"<tr{' class=differs' * (number < marked)}>{cells('td', line)}</tr>"
        for number, line in enumerate(lines)
    )
    return f"<table><thead><tr>{cells('th', head)}</tr></thead><tbody>{body}</tbody></table>"
