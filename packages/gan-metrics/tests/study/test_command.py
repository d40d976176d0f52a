"""The command, its errors and exit codes."""

import json
import socket
import sys

import pytest
from gan_metrics.study.command import main


@pytest.fixture
def mistake(capsys):
    """Types a command line that ends in an error; returns its exit code and the error's only line."""

    def run(*words):
        with pytest.raises(SystemExit) as left:
            main([*map(str, words)])
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("error: ")
        return left.value.code, line

    return run


def test_a_study_is_made_and_reported_on(folders, tmp_path, capsys):
    out = tmp_path / "a" / "study"
    fakes = [f"--fake=My GAN={folders / 'same'}", f"--fake=B={folders / 'other'}"]
    numbers = ["--practice", 2, "--counted", 4, "--seconds", 0.5, "--seed", 3]
    main([*map(str, ["study", "make", out, "--real", folders / "real", *fakes, *numbers])])
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "My GAN: 14 fakes, each beside the real picture of the same name"
    assert printed[1].startswith("B: 15 fakes, each beside one of 16 real pictures at random")
    assert printed[2] == f"the study is in {out}; serve it with: gan-metrics study serve {out}"
    stored = json.loads((out / "study.json").read_text())
    assert (stored["seconds"], stored["practice"], stored["counted"], stored["seed"]) == (0.5, 2, 4, 3)
    assert stored["attention"] == 4
    main(["study", "report", str(out)])
    assert (
        capsys.readouterr().out == f"the report is in {out}/report.html, its numbers in {out}/report.json\n"
    )


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--fake", "folder"], "expected --fake NAME=FOLDER; got --fake folder"),
        (["--fake", "=folder"], "expected --fake NAME=FOLDER; got --fake =folder"),
        (["--fake", "a="], "expected --fake NAME=FOLDER; got --fake a="),
        (["--fake", "a=x", "--fake", "a=y"], "expected another name for each --fake; got a twice"),
        (["--fake", "a=./real"], "expected a folder apart from that of --real; got --fake a=./real"),
        (["--fake", "a=real/fake"], "expected a folder apart from that of --real; got --fake a=real/fake"),
        (["--fake", "a=."], "expected a folder apart from that of --real; got --fake a=."),
        (["--fake", "a=x", "--counted", "0"], "--counted"),
        (["--fake", "a=x", "--seconds", "-1"], "--seconds"),
        (["--fake", "a=x", "--mode", "triples"], "--mode"),
        ([], "--fake"),
    ],
)  # fmt: skip
def test_wrong_use_is_code_2(mistake, words, what):
    code, line = mistake("study", "make", "out", "--real", "real", *words)
    assert code == 2
    assert what in line


def test_other_wrong_use(mistake):
    assert mistake("study", "report", "--width", 0.2) == (2, "error: expected the folder of a study")
    assert mistake("study", "play")[0] == 2
    assert mistake("study", "serve", "out", "--port", "99999")[0] == 2


def test_what_fails_is_code_1(mistake, folders, tmp_path):
    words = ["--real", folders / "real", "--fake", f"a={folders / 'same'}"]
    code, line = mistake("study", "make", tmp_path, *words, "--counted", 4)
    assert (code, line) == (1, f"error: {tmp_path}: exists already; choose another name, or delete it")
    code, line = mistake("study", "make", tmp_path / "out", *words)
    assert code == 1
    assert "same: expected at least 50 pictures, since each participant is shown 10 for practice" in line
    for command in ("serve", "report"):
        code, line = mistake("study", command, folders)
        assert code == 1
        assert "expected a folder that `gan-metrics study make` made; it has no study.json" in line


def test_a_port_in_use_is_one_sentence(mistake, make):
    folder = make()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, line = mistake("study", "serve", folder, "--port", port)
    assert code == 1
    assert (
        line
        == f"error: --host 127.0.0.1 --port {port}: cannot be used (Address already in use); choose another"
    )


def test_names_of_files_cannot_alter_the_terminal(mistake, tmp_path):
    code, line = mistake("study", "serve", tmp_path / "a\x1b[31mb\nc")
    assert code == 1
    assert "a\\x1b[31mb c: expected a folder" in line


@pytest.mark.parametrize("module", ["cyclopts", "PIL", "starlette", "uvicorn"])
def test_without_the_extra_it_says_what_to_install(mistake, monkeypatch, module):
    for name in [*sys.modules]:
        if (
            name.split(".")[0] == module
            or name.startswith("gan_metrics.study._")
            or name.endswith((".make", ".serve"))
        ):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    code, line = mistake("study", "make")
    assert code == 1
    assert line.endswith(", or from a clone: pip install 'packages/gan-metrics[study]'")
    assert f"needs the module {module}" in line


def test_help(capsys):
    for words in (["study"], ["study", "make"], ["study", "serve"], ["study", "report"], ["--help"]):
        main(words)
        printed = capsys.readouterr().out
        assert printed.startswith("Usage: gan-metrics")
        assert len(printed.splitlines()) < 60
    main(["--version"])
    assert capsys.readouterr().out.startswith("gan-metrics ")
