"""The report: one page, its numbers, and files of several servers."""

import json
import re
import shutil

import pytest
from gan_metrics.study._served_study import ServedStudy
from gan_metrics.study.report import write_report


@pytest.fixture
def play(rater, take_part):
    """Lets some raters take part in a study."""

    def run(folder, sensitivities):
        server = ServedStudy(folder)
        for seed, sensitivity in enumerate(sensitivities):
            take_part(server, rater(sensitivity, seed))
        server.close()

    return run


def report_on(*folders, page=None, **options):
    page = page or folders[0] / "report.html"
    notes = write_report(folders, page, **options)
    return page.read_text("utf-8"), json.loads(page.with_suffix(".json").read_text("utf-8")), notes


def test_the_page_has_the_numbers_and_needs_no_other_file(make, play):
    folder = make(title="Real & <fake>")
    play(folder, [1] * 6)
    text, numbers, notes = report_on(folder)
    assert notes == numbers["notes"] == []
    assert numbers["participants"] == 6
    for each in numbers["algorithms"].values():
        found = each["fakes_taken_for_real"]
        assert f"<td>{found['share']:.1%}</td><td>{found['low']:.1%} to {found['high']:.1%}</td>" in text
    assert "<h1>Real &amp; &lt;fake&gt;</h1>" in text
    assert "6 participants who count; 8 pairs each, shown for 1 s." in text
    assert re.findall(r"(?:src|href)=|url\(|@import|<script", text) == []
    assert report_on(folder)[1] == numbers  # an earlier report is replaced


def test_single_pictures_have_three_rates(make, play):
    folder = make(mode="single")
    play(folder, [0] * 4)
    text, numbers, _ = report_on(folder)
    for kind in ("all_errors", "fakes_taken_for_real", "reals_taken_for_fake"):
        assert 0 <= numbers["algorithms"]["same"][kind]["share"] <= 1
    assert "<td>all errors (HYPE)</td>" in text
    assert "single pictures each, shown without limit" in text


def test_no_answers_yet(make):
    text, numbers, _ = report_on(make())
    assert numbers["participants"] == 0
    assert "0 participants who count" in text


def test_copies_that_were_served_elsewhere_are_merged(make, play, tmp_path):
    folder, copy = make(), tmp_path / "copy"
    play(folder, [1, 1])
    shutil.copytree(folder, copy)  # with the answers so far
    play(folder, [1])
    play(copy, [1, 1, 1])
    assert report_on(folder)[1]["participants"] == 3
    assert report_on(copy)[1]["participants"] == 5
    _, merged, notes = report_on(folder, copy, page=tmp_path / "merged.html")
    assert merged["participants"] == 6
    assert notes == []


def test_a_torn_last_line_is_said(make, play):
    folder = make()
    play(folder, [1, 1])
    file = folder / "answers.jsonl"
    file.write_bytes(file.read_bytes()[:-20])
    text, numbers, notes = report_on(folder)
    assert notes == [f"{file}: line 26 breaks off, and was ignored"]
    assert notes[0] in text
    assert [each["reason"] for each in numbers["excluded"]] == ["did not finish, 1 of 12 answers are missing"]


def test_who_is_left_out_is_said(make, play):
    folder = make(attention=4)
    play(folder, [5, 5])
    lines = (folder / "answers.jsonl").read_text().splitlines()
    wrong = [
        line.replace('"answer": "left"', '"answer": "?"').replace('"answer": "right"', '"answer": "left"')
        .replace('"?"', '"right"') if '"attention"' in line else line
        for line in lines[:15]
    ]  # fmt: skip
    (folder / "answers.jsonl").write_text("\n".join([*wrong, *lines[15:]]) + "\n")
    text, numbers, _ = report_on(folder)
    assert [each["reason"] for each in numbers["excluded"]] == ["passed 0 of 4 attention checks"]
    assert "<td>passed 0 of 4 attention checks</td>" in text
    assert "50% of the attention checks were passed; 75% are asked of a participant." in text
    assert report_on(folder, min_attention=0)[1]["participants"] == 2


def test_another_study_is_not_merged(make):
    with pytest.raises(ValueError, match=r"b: expected a copy of .*a; it is another study"):
        report_on(make("a"), make("b"))


def test_other_files_are_not_replaced(make, tmp_path):
    folder = make()
    (tmp_path / "mine.html").write_text("mine")
    for page, what in (
        (tmp_path / "mine.html", r"mine\.html: expected no file there, or an earlier report"),
        (folder / "study.html", r"study\.json: expected no file there, or an earlier report"),
        (tmp_path / "report.txt", "expected a name that ends in .html"),
    ):
        with pytest.raises(ValueError, match=what):
            report_on(folder, page=page)
    assert (tmp_path / "mine.html").read_text() == "mine"
