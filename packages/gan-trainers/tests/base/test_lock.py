"""One process at a time in a folder; a killed process leaves it, however many children it had."""

import gc
import os
import signal
import time

import pytest
from gan_trainers.base.lock import lock_folder

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked here")


class User:
    """Anything that can be referred to weakly."""


def forked(work):
    """Run `work` in a forked process that says when it is done, and then waits to be killed."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            work()
            os.write(writing, b"1")
            time.sleep(60)
        finally:
            os._exit(1)
    os.close(writing)
    assert os.read(reading, 1) == b"1"
    os.close(reading)
    return process


def kill(process):
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


def test_a_folder_has_one_process_and_is_free_when_that_is_killed(tmp_path):
    user = User()
    process = forked(lambda: lock_folder(tmp_path, user))
    with pytest.raises(OSError, match=rf"in use by process {process} on .*, since .*; wait until it"):
        lock_folder(tmp_path, user)
    kill(process)
    _, works = lock_folder(tmp_path, user)
    assert works


def test_a_child_that_outlives_the_process_does_not_keep_the_lock(tmp_path):
    """Such as a data worker of a training that was killed."""
    user, children = User(), tmp_path / "children"

    def lock_and_fork():
        lock_folder(tmp_path, user)
        children.write_text(str(forked(lambda: None)))

    kill(forked(lock_and_fork))
    child = int(children.read_text())
    os.kill(child, 0)  # it is there
    lock_folder(tmp_path, user)
    os.kill(child, signal.SIGKILL)


def test_one_process_may_use_a_folder_several_times_and_leaves_it_with_the_last(tmp_path):
    first, second, other = User(), User(), User()
    texts = {lock_folder(tmp_path, each)[0] for each in (first, second)}
    assert len(texts) == 2
    del first
    gc.collect()
    assert is_refused(tmp_path, other)
    del second
    gc.collect()
    assert not is_refused(tmp_path, other)


def is_refused(folder, user):
    """Whether another process is."""

    def lock():
        try:
            lock_folder(folder, user)
        except OSError:
            (folder / "refused").touch()

    (folder / "refused").unlink(missing_ok=True)
    kill(forked(lock))
    return (folder / "refused").exists()


def test_a_lock_file_that_says_nothing_is_in_use_all_the_same(tmp_path):
    user = User()

    def lock():
        lock_folder(tmp_path, user)
        (tmp_path / ".lock").write_text("[]")

    process = forked(lock)
    with pytest.raises(OSError, match="is in use by another process; wait until it has ended, or"):
        lock_folder(tmp_path, user)
    kill(process)
