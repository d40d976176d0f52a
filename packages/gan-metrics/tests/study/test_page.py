"""The page's requests, also those that no page makes."""

import json
from collections import Counter

import pytest
from gan_metrics.study._answers import read_answers
from gan_metrics.study._page import make_page
from gan_metrics.study._served_study import ServedStudy
from gan_metrics.study._study import picture_path
from gan_metrics.study._trials import plan_trials
from starlette.testclient import TestClient

AGREED = {"consent": True}


@pytest.fixture
def served(make):
    """A study that is served, and a function that opens its page in a browser of its own."""
    server = ServedStudy(make())
    yield server, lambda: TestClient(make_page(server))
    server.close()


@pytest.fixture
def begun(served):
    """A study, and a browser in which a session has begun, with its state."""
    server, open_page = served
    page = open_page()
    return server, page, page.post("/session", json=AGREED).json()


def plan_of(server):
    """The trials of the only participant."""
    (session,) = server._sessions.values()
    return plan_trials(server.study, session.participant, session.algorithm)


def reply(number, answer="left", **changes):
    return {"trial": number, "answer": answer, "milliseconds": 450.25, "shown": 1000.0, **changes}


def records_of(server):
    return read_answers(server._folder / "answers.jsonl")[0]


def test_a_session_from_consent_to_the_end(begun):
    server, page, state = begun
    trials = plan_of(server)
    assert page.get("/session").json() == state
    for number, trial in enumerate(trials):
        assert (state["trial"], state["total"], state["practice"]) == (number, 12, 2)
        assert tuple(state["pictures"]) == trial.pictures
        for picture in (*state["pictures"], *state["ahead"]):
            response = page.get(f"/picture/{picture}")
            assert response.headers["content-type"] == "image/png"
            assert response.content == picture_path(server._folder, picture).read_bytes()
        state = page.post("/answer", json=reply(number)).json()
        assert state.pop("truth", None) == (trial.truth if number < 2 else None)
    assert state == {"total": 12, "practice": 2, "trial": None, "code": records_of(server)[0]["participant"]}
    begin, *answers = records_of(server)
    assert begin["event"] == "session"
    assert [answer["truth"] for answer in answers] == [trial.truth for trial in trials]
    assert answers[3] == {
        "event": "answer", "study": server.study.id, "participant": begin["participant"], "trial": 3,
        "part": trials[3].part, "truth": trials[3].truth, "answer": "left", "milliseconds": 450.2,
        "shown": 1000.0, "views": 1, "pictures": list(trials[3].pictures),
    }  # fmt: skip


def test_nothing_about_who_answers_is_stored(begun):
    server, page, _ = begun
    page.post("/answer", json=reply(0), headers={"User-Agent": "secret agent"})
    stored = (server._folder / "answers.jsonl").read_text()
    (token,) = page.cookies.values()
    for secret in ("testclient", "secret agent", "testserver", token):
        assert secret not in stored


def test_a_reload_goes_on_at_the_same_pair_and_is_counted(begun):
    server, page, _ = begun
    page.post("/answer", json=reply(0))
    before = page.get("/session").json()
    assert before["trial"] == 1
    assert page.get("/session").json() == before
    assert page.post("/session", json=AGREED).json() == before  # no second session
    page.post("/answer", json=reply(1))
    assert [record.get("views") for record in records_of(server)] == [None, 1, 4]


def test_a_restart_of_the_server_goes_on_at_the_same_pair(make):
    folder = make()
    server = ServedStudy(folder)
    page = TestClient(make_page(server))
    page.post("/session", json=AGREED)
    state = page.post("/answer", json=reply(0)).json()
    server.close()
    again = ServedStudy(folder)
    other = TestClient(make_page(again), cookies=page.cookies)
    assert again.notes == []
    assert other.get("/session").json() == {name: state[name] for name in state if name != "truth"}
    again.close()


def test_an_answer_cannot_be_given_twice_or_ahead(begun):
    server, page, _ = begun
    assert page.post("/answer", json=reply(0)).status_code == 200
    for number in (0, 2, -1, 12):
        response = page.post("/answer", json=reply(number, "right"))
        assert response.status_code == 409
        assert response.json()["error"] == "This question is answered, or is not the next one."
    assert len(records_of(server)) == 2
    assert page.get("/session").json()["trial"] == 1


def test_a_forged_session_is_refused(begun, served):
    server, page, state = begun
    (name,), (token,) = page.cookies.keys(), page.cookies.values()
    participant = records_of(server)[0]["participant"]
    forged = served[1]()
    for value in ("", "a", token[:-1], token.swapcase(), participant, "../../study.json"):
        headers = {"Cookie": f"{name}={value}"}
        assert forged.get("/session", headers=headers).json() == {"begun": False}
        assert forged.post("/answer", json=reply(0), headers=headers).status_code == 403
        assert forged.get(f"/picture/{state['pictures'][0]}", headers=headers).status_code == 403
    assert len(records_of(server)) == 1


def test_only_pictures_of_the_next_two_questions_are_sent(begun):
    server, page, state = begun
    allowed = {*state["pictures"], *state["ahead"]}
    assert len(allowed) == 4
    for picture in server.study.pictures:
        assert page.get(f"/picture/{picture}").status_code == (200 if picture in allowed else 404)
    page.post("/answer", json=reply(0))
    assert page.get(f"/picture/{state['pictures'][0]}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "study.json", "answers.jsonl", "../study.json", "%2e%2e%2fstudy.json", "..%2F..%2Fetc%2Fpasswd",
        "/etc/passwd", "....//study.json", "%00", "", "{}/", "{}.png", "{}%00", "../page.html", "~",
    ],
)  # fmt: skip
def test_nothing_besides_pictures_by_their_ids_is_sent(begun, path):
    _, page, state = begun
    word = path.format(state["pictures"][0])
    for address in (f"/picture/{word}", f"/{word}"):
        response = page.get(address, follow_redirects=False)
        assert (response.status_code in (307, 404)) or response.url.path == "/"
        assert b"partners" not in response.content


@pytest.mark.parametrize(
    "body",
    [
        {}, [], None, "left", reply("0"), reply(0.0), reply(True), reply(None), reply(0, "up"),
        reply(0, "real"), reply(0, None), reply(0, ["left"]), reply(0, milliseconds=-1),
        reply(0, milliseconds="1"), reply(0, shown=None), reply(0, shown=True), {"trial": 0},
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused(begun, body):
    server, page, _ = begun
    response = page.post("/answer", content=json.dumps(body))
    assert response.status_code == 400
    assert response.json()["error"].startswith("Expected ")
    assert len(records_of(server)) == 1


@pytest.mark.parametrize(
    ("content", "status"), [(b"{", 400), (b"\xff", 400), (b"[" * 900, 400), (b" " * 1001, 413), (b"NaN", 400)]
)
def test_what_is_no_json_is_refused(begun, content, status):
    _, page, _ = begun
    assert page.post("/answer", content=content).status_code == status


def test_times_that_are_no_times_are_limited(begun):
    server, page, _ = begun
    for number, time in enumerate(("1e999", "1" + "0" * 400)):
        content = json.dumps(reply(number)).replace("450.25", time)
        assert page.post("/answer", content=content).status_code == 200
    assert page.post("/answer", content=json.dumps(reply(2)).replace("450.25", "NaN")).status_code == 400
    assert [record["milliseconds"] for record in records_of(server)[1:]] == [3_600_000] * 2


def test_there_is_no_session_without_consent(served):
    server, open_page = served
    for body in ({}, {"consent": False}, {"consent": 2}, None):
        assert open_page().post("/session", json=body).status_code == 400
    assert records_of(server) == []


def test_participants_see_one_algorithm_each_and_all_equally_often(served):
    server, open_page = served
    for _ in range(8):
        open_page().post("/session", json=AGREED)
    assert Counter(record["algorithm"] for record in records_of(server)) == {"same": 4, "other": 4}


def test_every_response_has_the_headers_that_forbid_other_sources(begun):
    _, page, state = begun
    for path in ("/", "/study.js", "/study.css", "/session", f"/picture/{state['pictures'][0]}", "/no"):
        headers = page.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    assert page.delete("/session").headers["referrer-policy"] == "no-referrer"


def test_the_cookie_is_out_of_the_reach_of_scripts_and_other_pages(served):
    header = served[1]().post("/session", json=AGREED).headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Max-Age=86400"} <= set(header.split("; "))


def test_the_page_has_its_texts_and_they_are_only_text(make):
    server = ServedStudy(make(title="<b>A & B</b> @consent@", consent="One <script>\n\ntwo"))
    text = TestClient(make_page(server)).get("/").text
    server.close()
    assert "<title>&lt;b&gt;A &amp; B&lt;/b&gt; @consent@</title>" in text
    assert "<p>One &lt;script&gt;</p><p>two</p>" in text
    assert "http" not in text.replace("https", "http").split("<body", 1)[0]


def test_an_answer_that_cannot_be_stored_is_no_answer(begun, monkeypatch):
    _, page, _ = begun
    with monkeypatch.context() as patch:
        patch.setattr("os.write", lambda *_: 0)
        response = page.post("/answer", json=reply(0))
    assert response.status_code == 503
    assert "is the disk full?" in response.json()["error"]
    assert page.get("/session").json()["trial"] == 0
    assert page.post("/answer", json=reply(0)).status_code == 200
