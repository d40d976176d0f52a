"""Run the tiny recipe uninterrupted, and again killed ten times at random and each time resumed.

    python kill_often.py OUT SEED...

Every run is a fork of this program, so that torch is imported once. It is killed from outside after a
random time; at a random file operation; or when a file grows beyond a random number of bytes, which is in
the middle of a write.
"""

import os
import random
import resource
import signal
import sys
import time
from pathlib import Path

import matplotlib.figure  # noqa: F401 - imported here so that the forks need not
import tiny


def killed_at_file_operation(number: int) -> None:
    """Kill this program at its file operation of this number, counted by Python's audit events."""
    left = [number]

    def hook(event: str, _: tuple[object, ...]) -> None:
        if event == "open" or event.startswith(("os.", "shutil.")):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def killed_at_file_size(size: int) -> None:
    """Make the kernel end this program when a file that it writes grows beyond `size` bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # which Python ignores
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def fork(out: Path, seed: int, *trap: object) -> int:
    """Start a process that runs the recipe after setting a `trap`, a function and its argument."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        sys.stderr = Path(f"{out}.stderr").open("w")  # noqa: SIM115 - until the end of the process
        if trap:
            trap[0](trap[1])
        tiny.main(out, seed)
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)


def end_of(process: int) -> int:
    """Its exit code, or the negative number of the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def main(out: Path, seed: int) -> None:
    start = time.monotonic()
    assert end_of(fork(out / "whole", seed)) == 0
    duration = time.monotonic() - start
    generator = random.Random(seed)
    kills = ["outside"] * 3 + ["operation"] * 4 + ["size"] * 3
    generator.shuffle(kills)
    survivors = 0
    while kills:
        if kills[-1] == "outside":
            process = fork(out / "killed", seed)
            time.sleep(generator.uniform(0, 0.7 * duration))
            os.kill(process, signal.SIGKILL)
        elif kills[-1] == "operation":
            process = fork(out / "killed", seed, killed_at_file_operation, generator.randrange(1, 250))
        else:
            process = fork(out / "killed", seed, killed_at_file_size, generator.randrange(1, 40_000))
        code = end_of(process)
        assert code in (0, -signal.SIGKILL, -signal.SIGXFSZ), Path(f"{out}/killed.stderr").read_text()
        if code == 0:  # the kill came too late: start again
            survivors += 1
            (out / "killed").rename(out / f"survived-{survivors}")
        else:
            kills.pop()
    code = end_of(fork(out / "killed", seed))
    assert code == 0, Path(f"{out}/killed.stderr").read_text()


if __name__ == "__main__":
    for each in sys.argv[2:]:
        main(Path(sys.argv[1]) / each, int(each))
