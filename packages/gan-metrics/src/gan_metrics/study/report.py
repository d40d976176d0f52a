"""The report on a study: one HTML page that needs no other file, and the same numbers as JSON."""

import json
from collections.abc import Sequence
from pathlib import Path

from gan_metrics.study._answers import read_answers
from gan_metrics.study._report_page import MARK, draw_page
from gan_metrics.study._sessions import replay
from gan_metrics.study._study import ANSWERS, read_study
from gan_metrics.study._summary import summarize


def write_report(
    folders: Sequence[Path], page: Path, *, min_attention: float = 0.75, width: float = 0.1
) -> list[str]:
    """Write the report on a study, and beside it a .json file of the same name.

    Args:
        folders: of the study, and of copies of it that were served elsewhere; answers that are in several of
            them count once.
        page: the HTML file; an earlier report is replaced.
        min_attention: who passes a smaller share of the attention checks does not count.
        width: of the intervals that further participants are to give.

    Returns:
        Sentences about damaged files.

    Raises:
        ValueError: a folder is no study or another one, or `page` is another file.
        OSError: a file cannot be read or written.
    """
    _check_target(page)
    study, *copies = [read_study(folder) for folder in folders]
    for folder, copy in zip(folders[1:], copies, strict=True):
        if copy.id != study.id:
            raise ValueError(f"{folder}: expected a copy of {folders[0]}; it is another study")
    read = [read_answers(folder / ANSWERS) for folder in folders]
    sessions, unfit = replay(study, [record for records, _ in read for record in records])
    numbers = summarize(study, sessions.values(), min_attention=min_attention, width=width)
    notes = [*(note for _, damage in read for note in damage), *unfit]
    page.parent.mkdir(parents=True, exist_ok=True)
    page.with_suffix(".json").write_text(json.dumps({**numbers, "notes": notes}, indent=1) + "\n", "utf-8")
    page.write_text(draw_page({**numbers, "notes": notes}), "utf-8")
    return notes


def _check_target(page: Path) -> None:
    """Refuse to replace what is no earlier report."""
    if page.suffix != ".html":
        raise ValueError(f"{page}: expected a name that ends in .html")
    earlier = page.is_file() and page.read_text("utf-8", errors="replace").startswith(MARK)
    for path in (page, page.with_suffix(".json")):
        if path.exists() and not earlier:
            raise ValueError(f"{path}: expected no file there, or an earlier report; choose another name")
