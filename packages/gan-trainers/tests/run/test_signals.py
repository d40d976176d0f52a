"""Ctrl-C, SIGTERM and a closed terminal save a checkpoint and exit; the same command resumes."""

import signal
import subprocess
import sys
import threading

import pytest

# Its own file, because a DataLoader's workers must outlive the signal that reaches the whole group.
PROGRAM = """
import os, signal, sys
import torch
from gan_trainers import Run, plain_errors
from torch import nn

def main(out, number):
    run = Run(out)
    network = nn.Conv2d(3, 3, 1)
    run.register(network=network)
    loader = run.loader(torch.zeros(8, 3, 4, 4), 2, workers=2)
    run.resume()
    for batch in run.steps(loader, until=9):
        if run.step == 4:
            os.killpg(0, number)
    print("finished at", run.step)

with plain_errors():
    main(sys.argv[1], int(sys.argv[2]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_saves_and_leaves_after_the_step(tiny_run, number, capsys, request):
    outer = signal.signal(number, signal.default_int_handler)  # nohup would have the tests ignore SIGHUP
    request.addfinalizer(lambda: signal.signal(number, outer))
    run, network, optimizer, loader = tiny_run(accumulate=2)

    def train():
        for batch in run.steps(loader, until=9):
            run.update(optimizer, network(batch).mean())
            if run.step == 4 and run.every(1):
                signal.raise_signal(number)

    with pytest.raises(SystemExit) as left:
        train()
    assert left.value.code == 128 + number
    assert "stopped after step 4; the same command resumes from there" in capsys.readouterr().err
    assert tiny_run(accumulate=2)[0].step == 4


def test_the_second_signal_interrupts_at_once(tiny_run):
    run, _, _, loader = tiny_run()
    next(steps := run.steps(loader, until=3))
    signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    steps.close()


def test_a_signal_in_the_last_step_lets_the_run_finish(tiny_run):
    run, _, _, loader = tiny_run()
    for _ in run.steps(loader, until=2):
        if run.step == 2:
            signal.raise_signal(signal.SIGTERM)
    assert run.step == 2
    with pytest.raises(SystemExit):  # but it begins no other phase
        next(run.steps(loader, until=2, phase="next"))


def test_under_nohup_a_closed_terminal_changes_nothing(tiny_run):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        run, _, _, loader = tiny_run()
        for _ in run.steps(loader, until=3):
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert run.step == 3


def test_a_run_in_another_thread_leaves_the_signals_alone(tiny_run):
    run, _, _, loader = tiny_run()
    thread = threading.Thread(target=lambda: list(run.steps(loader, until=2)))
    thread.start()
    thread.join()
    assert run.step == 2


def test_as_a_program_with_workers(tmp_path):
    number = signal.SIGINT

    def start():
        program = [sys.executable, "-c", PROGRAM, str(tmp_path / "run"), str(int(number))]
        return subprocess.run(program, capture_output=True, text=True, check=False, start_new_session=True)

    stopped = start()
    assert stopped.returncode == 128 + number
    assert "stopped after step 4; the same command resumes from there\n" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert "Error" not in stopped.stderr
    finished = start()
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout == "finished at 9\n"
