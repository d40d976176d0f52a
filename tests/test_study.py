"""The page of `gan-metrics study` in a real browser, headless, as the session `browser` of nox has it."""

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from gan_metrics.study.settings import Settings
from PIL import Image

pytest.importorskip("starlette", reason="the page is served by starlette: pip install 'gan-metrics[study]'")

SECONDS = 0.4
TIMEOUT = 60_000  # milliseconds, enough for a busy machine
PHONE = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
CLOCK = """
window.seen = [];
addEventListener("DOMContentLoaded", () => new MutationObserver(() => requestAnimationFrame((now) =>
  seen.push([now, document.querySelectorAll("figure img").length])
)).observe(document.querySelector("#places"), { childList: true, subtree: true }));
"""


class Server:
    """`gan-metrics study serve`, which can be killed and started again at the same address."""

    def __init__(self, folder):
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}/"
        self.start()

    def start(self):
        command = [sys.executable, "-m", "gan_metrics", "study", "serve", self.folder, "--port", self.port]
        self.process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, text=True)
        assert f" is at {self.address} until Ctrl-C" in self.process.stdout.readline()

    def stop(self, how=signal.SIGINT):
        self.process.send_signal(how)
        return self.process.wait(timeout=60)

    @property
    def records(self):
        return [json.loads(line) for line in (self.folder / "answers.jsonl").read_text().splitlines()]


def make(tmp_path_factory, mode):
    from gan_metrics.study.make import make_study

    root = tmp_path_factory.mktemp(mode)
    for number, folder in enumerate(("real", "first", "second")):
        (root / folder).mkdir()
        for index in range(8):
            Image.new("RGB", (64, 48), (90 * number, 20 * index, 99)).save(root / folder / f"{index}.png")
    settings = Settings(mode, SECONDS if mode == "pairs" else None, practice=1, counted=3, attention=1)
    make_study(root / "study", root / "real", {name: root / name for name in ("first", "second")}, settings)
    return root / "study"


@pytest.fixture(scope="module", params=["pairs", "single"])
def server(request, tmp_path_factory, browser):  # noqa: ARG001 - nothing is served where there is no browser
    server = Server(make(tmp_path_factory, request.param))
    server.mode = request.param
    yield server
    server.stop()


@pytest.fixture
def visit(browser, server):
    """Opens the page as a new participant; fails if it logs an error or requests anything from elsewhere."""
    contexts, failures = [], []

    def open_page(**kind):
        context = browser.new_context(**kind)
        contexts.append(context)
        context.add_init_script(CLOCK)
        page = context.new_page()
        page.set_default_timeout(TIMEOUT)
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.on("request", lambda request: failures.append(request.url) if elsewhere(request.url) else None)
        page.goto(server.address)
        return page

    def elsewhere(url):
        return not url.startswith((server.address, f"blob:{server.address}", "data:,"))

    yield open_page
    for context in contexts:
        context.close()
    assert failures == []


def begin(page):
    page.get_by_role("button", name="I agree, begin").click()


def question(page):
    """Wait for the question that can be answered."""
    page.locator("#choices button:enabled").first.wait_for()


def go_on(page, heading):
    page.get_by_role("heading", name=heading).wait_for()
    page.keyboard.press("Enter")


def answers_of(server):
    """The answers of the participant who came last."""
    participant = server.records[-1]["participant"]
    return [record for record in server.records if record["participant"] == participant][1:]


def test_a_session_by_keyboard_with_a_reload_and_a_kill(server, visit):
    page = visit()
    begin(page)
    question(page)
    page.keyboard.press("ArrowLeft")
    truth = re.compile("(Yes|No), (the (left|right) one is real|it is (real|fake))")
    page.get_by_role("heading", name=truth).wait_for()
    assert {each.inner_text() for each in page.locator("figcaption").all()} <= {"real", "fake"}
    page.keyboard.press("Enter")
    go_on(page, "The practice is over")
    question(page)
    page.keyboard.press("j")
    question(page)
    number = page.locator("#count").inner_text()
    page.reload()
    go_on(page, "Welcome back")
    question(page)
    assert page.locator("#count").inner_text() == number == "2 of 4"
    server.stop(signal.SIGKILL)
    page.keyboard.press("f")
    page.get_by_role("heading", name="That did not work").wait_for()
    server.start()
    page.get_by_role("button", name="Try again").click()
    for key in ("ArrowRight", "F"):
        question(page)
        page.keyboard.press(key)
    page.get_by_role("heading", name="Thank you").wait_for()
    given = answers_of(server)
    first, second = ("left", "right") if server.mode == "pairs" else ("real", "fake")
    assert [each["answer"] for each in given] == [first, second, first, second, first]
    assert [each["trial"] for each in given] == [0, 1, 2, 3, 4]
    assert f"code: {given[0]['participant']}" in page.locator("#message").inner_text()
    page.reload()
    page.get_by_role("heading", name="Thank you").wait_for()  # one session a participant


def test_the_pictures_are_hidden_after_their_time(server, visit):
    page = visit()
    begin(page)
    page.locator("figure img").first.wait_for()
    if server.mode == "pairs":
        assert page.locator("#choices button:disabled").count() == 2
        page.keyboard.press("j")  # too early: it is no answer
    question(page)
    pictures = page.locator("figure img").count()
    frames = page.evaluate("seen")
    page.keyboard.press("f")
    page.locator("#next").wait_for()
    (answer,) = answers_of(server)
    assert answer["answer"] == ("left" if server.mode == "pairs" else "real")
    if server.mode == "single":
        assert pictures == 1
        return
    assert pictures == 0
    (shown, two), (hidden, none) = frames[-2:]
    assert (two, none) == (2, 0)
    assert 1000 * SECONDS - 50 < hidden - shown < 1000 * SECONDS + 250
    assert answer["shown"] == pytest.approx(1000 * SECONDS, abs=250)


def test_a_session_by_touch(server, visit):
    page = visit(**PHONE)
    page.get_by_role("button", name="I agree, begin").tap()
    for number in range(5):
        question(page)
        place = (
            page.locator("figure")
            if number % 2 and server.mode == "pairs"
            else page.locator("#choices button")
        )
        place.nth(1).tap()
        if number == 0:
            page.locator("#next").tap()
            page.locator("#go-on").tap()
    page.get_by_role("heading", name="Thank you").wait_for()
    assert {each["answer"] for each in answers_of(server)} == {"right" if server.mode == "pairs" else "fake"}
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    algorithms = [record["algorithm"] for record in server.records if record["event"] == "session"]
    assert abs(algorithms.count("first") - algorithms.count("second")) <= 1


def test_two_tabs_of_one_participant_do_not_answer_twice(server, visit):
    page = visit()
    begin(page)
    question(page)
    other = page.context.new_page()
    other.goto(server.address)
    go_on(other, "Welcome back")
    question(other)
    other.keyboard.press("f")
    other.locator("#next").wait_for()
    page.bring_to_front()
    page.keyboard.press("j")
    page.get_by_role("heading", name="Welcome back").wait_for()
    assert [each["trial"] for each in answers_of(server)] == [0]


def ask(page, path, body):
    """What a script in the page gets that sends an answer of its own."""
    script = (
        "async ([path, body]) => (await fetch(path, { method: 'POST', body: JSON.stringify(body) })).status"
    )
    return page.evaluate(script, [path, body])


def test_cheats_are_refused(server, visit):
    page = visit()
    begin(page)
    question(page)
    answer = {
        "trial": 0,
        "answer": "left" if server.mode == "pairs" else "real",
        "milliseconds": 1,
        "shown": 1,
    }
    assert page.evaluate("document.cookie") == ""
    assert ask(page, "answer", answer) == 200
    assert ask(page, "answer", answer) == 409
    assert ask(page, "answer", {**answer, "trial": 3}) == 409
    assert len(answers_of(server)) == 1
    (cookie,) = page.context.cookies()
    page.context.add_cookies([{**cookie, "value": "forged"}])
    assert ask(page, "answer", {**answer, "trial": 1}) == 403
    page.reload()
    page.get_by_role("button", name="I agree, begin").wait_for()
    assert len(answers_of(server)) == 1


@pytest.mark.parametrize(
    "path",
    ["/study.json", "/answers.jsonl", "/picture/../study.json", "/picture/../../study.json", "/../study.json",
     "/picture/%2e%2e%2fstudy.json", "/picture/..%5c..%5cstudy.json", "//etc/passwd", "/picture/%00"],
)  # fmt: skip
def test_paths_outside_are_not_served(server, path):
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc)  # which sends paths as they are
    connection.request("GET", path)
    response = connection.getresponse()
    assert response.status in (403, 404)
    assert b"partners" not in response.read()
    connection.close()


def test_the_report_on_what_was_played(server, tmp_path, browser):
    from gan_metrics.study.report import write_report

    assert write_report([server.folder], tmp_path / "report.html") == []
    page = browser.new_page()
    page.goto((tmp_path / "report.html").as_uri())
    assert page.get_by_role("cell", name="first").count() >= 1
    numbers = json.loads((tmp_path / "report.json").read_text())
    assert len(numbers["excluded"]) + numbers["participants"] == 5
    page.close()
