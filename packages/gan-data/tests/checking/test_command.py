import json
import os
import subprocess
import sys

import pytest
from gan_data.checking.command import main
from PIL import Image


@pytest.fixture
def run(capsys):
    """Runs the command with these words; returns its exit code, standard output and standard error."""

    def call(*words):
        with pytest.raises(SystemExit) as end:
            main([str(word) for word in words])
        return (end.value.code, *capsys.readouterr())

    return call


def test_one_line_for_each_finding_and_a_summary(mess, run):
    code, output, _ = run("check", mess, "--size", 32)
    lines = output.splitlines()
    assert code == 1
    assert lines[-1] == "14 images, 5 errors, 4 warnings"
    assert len(lines) == 10
    assert f"error: {mess / 'zero.png'}: is empty (0 bytes); copy it again or delete it" in lines


def test_warnings_fail_only_when_strict(save, tmp_path, run):
    save("x.png", picture=Image.new("RGB", (4, 4), "gray"))
    code, output, _ = run("check", tmp_path)
    assert code == 0
    assert "warning" in output
    assert run("check", tmp_path, "--strict")[0] == 1


@pytest.mark.parametrize("words", [[""], ["photos", "--labels="], ["photos", "--labels", ""]])
def test_an_empty_value_is_not_the_current_folder(run, words):
    assert run("check", *words) == (2, "", "error: a value is empty; give one, or leave the option out\n")


def test_json(mess, run):
    code, output, errors = run("check", mess, "--json")
    report = json.loads(output)
    assert code == 1
    assert (report["images"], report["errors"], report["warnings"]) == (14, 4, 4)
    assert {"path", "severity", "problem", "remedy"} == set(report["findings"][0])
    assert errors == ""


def test_pairs(save, tmp_path, run):
    for side in "AB":
        save(f"{side}/x.png")
    assert run("check", tmp_path / "A", tmp_path / "B")[:2] == (0, "2 images, 0 errors, 0 warnings\n")


def test_maps(city, save, run):
    for photo in city["photos"].iterdir():
        save(f"train_img/{photo.name}", size=(20, 30))  # in color
    command = ["check", city["photos"], "--labels", city["labels"], "--instances", city["instances"]]
    assert run(*command, "--classes", 30)[:2] == (0, "6 images, 0 errors, 0 warnings\n")
    assert run(*command, "--classes", 9)[0] == 1


def test_a_missing_folder_fails_with_one_sentence(tmp_path, run):
    code, output, errors = run("check", tmp_path / "nowhere")
    assert (code, output) == (1, "")
    assert errors.startswith(
        f"error: {tmp_path / 'nowhere'}: expected a folder of images; this does not exist"
    )
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--classes", "300"], "got 255, which is one of them"),
        (["--classes", "30", "--ignore", "3"], "got 3, which is one of them"),
        (["--classes", "0"], "--classes"),
        (["--size", "0"], "--size"),
        (["--strickt"], "Did you mean --strict?"),
    ],
)
def test_wrong_use_is_one_sentence_and_code_2(save, tmp_path, run, words, sentence):
    save("x.png")
    code, output, errors = run("check", tmp_path, *words)
    assert (code, output) == (2, "")
    assert errors.startswith("error: ")
    assert sentence in errors
    assert errors.count("\n") == 1


def test_a_misspelled_command_gets_a_suggestion(run):
    code, _, errors = run("chek")
    assert code == 2
    assert 'Did you mean "check"?' in errors


def test_a_negative_label_to_ignore(city, run):
    assert run("check", city["photos"], "--labels", city["labels"], "--classes", 30, "--ignore", -1)[0] == 0


def test_nothing_prints_the_help_and_every_command_its_version(run):
    assert run()[:2] == run("--help")[:2]
    assert "Usage: gan-data COMMAND" in run()[1]
    assert run("--version") == run("check", "--version")
    assert run("--version")[1].startswith("gan-data ")


def test_a_traceback_on_request(tmp_path, run, monkeypatch):
    monkeypatch.setenv("GAN_TRACEBACK", "1")
    code, _, errors = run("check", tmp_path)
    assert code == 1
    assert errors.startswith("Traceback")


def test_as_a_module_without_torch(save, tmp_path):
    save("x.png")
    code = (
        "import sys; sys.argv[1:] = ['check', sys.argv[1]]\n"
        "import runpy\n"
        "try:\n    runpy.run_module('gan_data', run_name='__main__')\n"
        "except SystemExit as end:\n    sys.exit(end.code or 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "1 images, 0 errors, 0 warnings\n")


def test_a_pipe_that_cannot_encode_a_name(tmp_path):
    """As of `gan-data check photos > report.txt` on Windows."""
    (tmp_path / "写真\n\x1b[31m.png").touch()
    code = f"from gan_data.checking.command import main; main(['check', {str(tmp_path)!r}])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "cp1252"},
        check=False,
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (1, False)
    assert rb"\u5199\u771f\n\x1b[31m.png: is empty" in done.stdout


def test_links_in_a_circle_and_pipes_are_findings(save, tmp_path, run):
    save("a.png")
    os.mkfifo(tmp_path / "p.png")
    (tmp_path / "loop").symlink_to("loop")
    code, output, errors = run("check", tmp_path)
    assert (code, output.splitlines()[-1]) == (0, "1 images, 0 errors, 2 warnings")
    assert "Traceback" not in errors
