import base64
import io
from html import escape
from html.parser import HTMLParser

import pytest
import torch
from gan_trainers.report.command import main
from PIL import Image


@pytest.fixture
def finished(tiny_run):
    """Makes a run of four steps with scalars and two previews, and returns its folder."""

    def make(out="run", **settings):
        run, _, _, loader = tiny_run(out, window=1, settings={"steps": 4, **settings})
        torch.manual_seed(0)
        for _ in run.steps(loader, until=4):
            run.log({"loss": 1 / run.step})
            if run.every(2):
                run.log({"psnr": 10.0 * run.step, "distance": float(run.step)})
                run.grid("faces", torch.rand(3, 3, 96, 96), torch.zeros(3, 3, 96, 96))
        return run.out

    return make


class Outline(HTMLParser):
    """The headings, cells and addresses of a page; fails on a tag that is not closed."""

    def __init__(self, page):
        super().__init__()
        self.open, self.texts, self.addresses = [], {}, []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.addresses += [value for name, value in attrs if name in ("src", "href") and tag != "use"]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)


def test_a_page_of_two_runs_has_all_of_both_and_nothing_beside_it(finished, tmp_path):
    one, two = finished("one", lr=0.1), finished("two", lr=0.2, note="<b> & more")
    page = tmp_path / "pages" / "report.html"
    main(["report", str(one), str(two), "-o", str(page)])
    outline = Outline(page.read_text("utf-8"))
    assert outline.texts["h2"] == ["Health", "Scores", "Curves", "Pictures", "Settings"]
    cells = outline.texts["td"]
    assert cells[cells.index("psnr") + 1] == "40 (best 40 at step 4)"
    assert cells[cells.index("distance") + 1] == "4 (best 2 at step 2)"
    assert cells[cells.index("lr") :][:3] == ["lr", "0.1", "0.2"]
    assert "<b> & more" in cells
    assert cells.index("lr") < cells.index("steps")  # what differs comes first
    images = [address for address in outline.addresses if address.startswith("data:image/webp;base64,")]
    assert len(images) == 4
    assert all(address.startswith(("data:", "#")) for address in outline.addresses)
    with Image.open(io.BytesIO(base64.b64decode(images[0].split(",")[1]))) as picture:
        assert picture.size == (2 * 98 - 2, 3 * 98 - 2)


def test_one_run_keeps_its_report_beside_it_and_it_is_replaced(finished, capsys):
    run = finished()
    for _ in range(2):
        main(["report", str(run), "--pictures", "1"])
    assert capsys.readouterr().out.count(f"the report is in {run / 'report.html'}") == 2
    page = (run / "report.html").read_text("utf-8")
    assert page.count("data:image/webp") == 1
    assert "step 4</figcaption>" in page


def test_mistakes_are_one_sentence_and_lose_nothing(finished, tmp_path, capsys):
    run = finished()
    capsys.readouterr()
    mine = tmp_path / "thesis.html"
    mine.write_text("<p>years of work</p>")
    for words, message in [
        ([tmp_path], f"{tmp_path}: expected the folder of a run, with settings.json and scalars.jsonl"),
        ([run, "-o", mine], f"{mine}: expected no file there, or an earlier report"),
        ([run, "--pictures", "0"], "expected at least 1 picture of each preview; got 0"),
    ]:
        with pytest.raises(SystemExit) as stopped:
            main(["report", *map(str, words)])
        assert stopped.value.code == 1
        assert capsys.readouterr().err.startswith(f"error: {message}")
    assert mine.read_text() == "<p>years of work</p>"


def test_a_report_is_written_of_what_is_left(finished, tmp_path, capsys):
    run, page = finished(lr=0.1), tmp_path / "report.html"
    log, settings = run / "scalars.jsonl", run / "settings.json"
    whole = log.read_text()
    lines = whole.splitlines()
    damages = [
        (
            log,
            "\n".join([lines[0], "{", *lines[2:], ""]),
            f"{log}: 1 damaged line is left out (2); all others",
        ),
        (settings, "{", f"{settings} is damaged (Expecting"),
        (settings, None, f"{settings} is missing; the options until now are unknown"),
        (log, '{"step": 3}\n', None),
    ]
    for file, content, sentence in damages:
        file.unlink() if content is None else file.write_text(content)
        capsys.readouterr()
        main(["report", str(run), "-o", str(page)])
        text, errors = page.read_text("utf-8"), capsys.readouterr().err
        assert sentence is None or (f"warning: {sentence}" in errors and escape(sentence) in text)
        assert "4 steps" in text or content == '{"step": 3}\n'
    settings.write_text('{"settings": {"lr": 0.1}}')
    log.unlink()
    main(["report", str(run), "-o", str(page)])
    assert f"warning: {log} is missing; there are no curves and scores" in capsys.readouterr().err
    assert Outline(page.read_text("utf-8")).texts["h2"] == ["Health", "Pictures", "Settings"]


def test_previews_that_cannot_be_shown_are_left_out(finished, tmp_path):
    run, page = finished(), tmp_path / "report.html"
    whole, broken = sorted((run / "previews" / "faces").glob("*.png"))
    broken.write_bytes(broken.read_bytes()[:200])
    broken.with_name("best.png").write_bytes(whole.read_bytes())
    main(["report", str(run), "-o", str(page)])
    text = page.read_text("utf-8")
    assert "step 2<" in text
    assert "step 4<" not in text
