"""What all commands of `gan-nets` have in common."""

import subprocess
import sys

import pytest
from gan_nets import __version__
from gan_nets.commands import main

COMMANDS = ("convert", "demo", "export", "push", "translate")


def test_without_arguments_it_prints_its_help(capsys):
    main([])
    printed = capsys.readouterr().out
    assert printed.startswith("Usage: gan-nets COMMAND\n")
    assert all(f"│ {name} " in printed for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_without_arguments_prints_its_help(command, capsys):
    main([command])
    printed = capsys.readouterr().out
    assert printed.startswith(f"Usage: gan-nets {command} ")
    main([command, "--help"])
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize("arguments", [[], *([command] for command in COMMANDS)])
def test_the_version(arguments, capsys):
    main([*arguments, "--version"])
    assert capsys.readouterr().out == f"gan-nets {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["translat"], 'Unknown command "translat". Did you mean "translate"?'),
        (["demo", "net", "--prot", "1"], "Unknown option: --prot. Did you mean --port?"),
        (["export", "net"], 'Command "export" parameter OUT requires an argument.'),
        (["export", "net", "net.txt"], "expected OUT to end in .onnx, .pt2, .xml or .mlpackage; got net.txt"),
        (
            ["export", "net", "net.pt2", "--opset", "20"],
            "expected --opset with an .onnx file only; got net.pt2",
        ),
        (["translate", "net", "", "-o", "out"], "a value is empty; give one, or leave the option out"),
        (["translate", "net", "photos", "--out="], "a value is empty; give one, or leave the option out"),
        (["demo", "net", "--port", "x"], 'Invalid value for --port: unable to convert "x" into int.'),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {message}")
    assert error.count("\n") == 1


def test_a_failure_is_one_sentence_and_exit_code_1(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["export", str(tmp_path / "absent"), str(tmp_path / "net.pt2")])
    assert stopped.value.code == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1


def test_python_m_is_the_same_command():
    command = [sys.executable, "-m", "gan_nets"]
    process = subprocess.run([*command, "translat"], capture_output=True, text=True, check=False)
    assert process.returncode == 2
    assert process.stderr.startswith('error: Unknown command "translat". Did you mean "translate"?')
    process = subprocess.run([*command, "export"], capture_output=True, text=True, check=True)
    assert process.stdout.startswith("Usage: gan-nets export ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["translate"],
        ["translat"],
        ["translate", "net", "in.png"],
        ["convert", "net.pth", "out", "--family", "nonsense"],
        ["export", "net", "net.txt"],
        ["demo", "net", "--port", "x"],
        ["push", "net"],
    ],
    ids=" ".join,
)
def test_help_and_wrong_use_do_not_import_torch(arguments):
    code = (
        "import contextlib, sys; from gan_nets.commands import main\n"
        "with contextlib.suppress(SystemExit): main(sys.argv[1:])\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
