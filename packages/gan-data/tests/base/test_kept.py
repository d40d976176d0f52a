"""Answers about files that are kept between starts."""

import os
import sqlite3
import threading
import time

import pytest
from gan_data import Images, split_by_content
from gan_data.base import kept
from gan_data.base.kept import kept_answers

YEAR = 365 * 24 * 3600 * 10**9  # nanoseconds


@pytest.fixture(autouse=True)
def later(monkeypatch, tmp_path):
    """A cache of its own, a year after the files were written: what has just changed is not kept."""
    monkeypatch.setenv("GAN_CACHE", str(tmp_path / "cache"))
    now = time.time_ns
    monkeypatch.setattr(kept.time, "time_ns", lambda: now() + YEAR)


@pytest.fixture
def store(tmp_path):
    return tmp_path / "cache" / "gan-data" / "answers.sqlite"


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / "set" / f"{number}.txt" for number in range(5)]
    paths[0].parent.mkdir()
    for number, path in enumerate(paths):
        path.write_text(str(number))
    return paths


@pytest.fixture
def asked():
    return []


@pytest.fixture
def start(asked):
    """What a start of a program computes, a third of the number in each file; `asked` has the files read."""

    def run(paths, kind="number"):
        asked.clear()
        return kept_answers(kind, paths, lambda path: asked.append(path) or float(path.read_text()) / 3)

    return run


def test_a_second_start_reads_no_file(start, files, asked):
    first = start(files)
    assert first == [0, 1 / 3, 2 / 3, 1, 4 / 3]
    assert sorted(asked) == files
    assert start(files) == first
    assert asked == []
    assert start([*reversed(files), files[0]]) == [*reversed(first), first[0]]
    assert asked == []


@pytest.mark.parametrize("change", ["size", "time", "contents alone", "replaced"])
def test_a_changed_file_is_read_again(start, files, asked, change):
    start(files)
    before = files[2].stat()
    time.sleep(0.02)  # longer than the steps of the file system's clock
    if change == "replaced":
        other = files[2].with_suffix(".new")
        other.write_text("7")
        other.replace(files[2])
    else:
        files[2].write_text("77" if change == "size" else "7")
    if change in ("contents alone", "replaced"):  # of the same size, with the time of modification set back
        os.utime(files[2], ns=(before.st_atime_ns, before.st_mtime_ns))
    assert start(files) == [0, 1 / 3, float(files[2].read_text()) / 3, 1, 4 / 3]
    assert asked == [files[2]]


def test_another_question_and_another_path_have_answers_of_their_own(start, files, asked, tmp_path):
    start(files)
    start(files, "another")
    assert len(asked) == 5
    files[0].parent.rename(tmp_path / "renamed")
    start([tmp_path / "renamed" / path.name for path in files])
    assert len(asked) == 5


def test_a_file_that_has_just_changed_is_not_kept(start, files, asked, monkeypatch):
    monkeypatch.setattr(kept.time, "time_ns", lambda: files[4].stat().st_mtime_ns + 10**9)
    start(files)
    start(files)
    assert len(asked) == 5


def test_a_missing_file_raises_as_without_a_cache(start, files):
    start(files)
    files[3].unlink()
    with pytest.raises(FileNotFoundError):
        start(files)


@pytest.mark.parametrize("damage", ["not a database", "another table", "half", "a folder", "read-only"])
def test_a_damaged_store_is_a_note_and_no_error(start, files, asked, store, caplog, damage):
    expected = start(files)
    content = store.read_bytes()
    store.unlink()
    if damage == "another table":
        sqlite3.connect(store).execute("CREATE TABLE answers (other TEXT)").connection.close()
    elif damage == "a folder":
        store.mkdir()
    elif damage == "read-only":
        store.parent.rmdir()
        store.parent.touch()  # the folder cannot be made
    else:
        store.write_bytes(content[: len(content) // 2] if damage == "half" else b"not a database" * 100)
    for _ in range(2):
        assert start(files) == expected
        assert len(asked) == 5
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith(f"{store}: answers about files cannot be kept there (")


def test_answers_of_a_wrong_type_are_computed(start, files, asked, store):
    expected = start(files)
    with sqlite3.connect(store) as database:
        database.execute("UPDATE answers SET answer = 'text'")
    database.close()
    assert start(files) == expected
    assert len(asked) == 5


def test_off_keeps_nothing(start, files, asked, monkeypatch, tmp_path):
    monkeypatch.setenv("GAN_CACHE", "off")
    start(files)
    start(files)
    assert len(asked) == 5
    assert not (tmp_path / "cache").exists()


def test_many_starts_at_once(files):
    found = []

    def run(number):
        found.append(kept_answers(f"kind {number % 2}", files, lambda path: float(path.read_text())))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[0, 1, 2, 3, 4]] * 8


@pytest.mark.parametrize(
    ("system", "variables", "folder"),
    [
        ("linux", {}, ".cache"),
        ("linux", {"XDG_CACHE_HOME": "/elsewhere"}, "/elsewhere"),
        ("darwin", {}, "Library/Caches"),
        ("win32", {}, "AppData/Local"),
        ("linux", {"XDG_CACHE_HOME": "/elsewhere", "GAN_CACHE": "/here"}, "/here"),
    ],
)
def test_the_folder_is_the_user_s(monkeypatch, tmp_path, system, variables, folder):
    for name in ("GAN_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), **variables}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(kept.sys, "platform", system)
    assert kept._store() == tmp_path / folder / "gan-data" / "answers.sqlite"


def test_a_split_is_the_same_with_answers_that_are_kept(files, monkeypatch):
    first = split_by_content(files, 0.4)
    monkeypatch.setattr("gan_data.files.indexed.open_regular", None)  # no file is opened
    assert split_by_content(files, 0.4) == first


def test_a_filter_is_asked_again_under_another_name_or_none(save, tmp_path):
    for number in range(4):
        save(f"pictures/{number}.png")
    for name, times in (("first", 4), ("first", 0), ("second", 4), (None, 4), (None, 4)):
        seen = []

        def every_other(image, seen=seen):
            seen.append(image)
            return bool(image.sum() > 0)

        if name:
            every_other.kept_as = name
        images = Images(tmp_path / "pictures", keep=every_other)
        assert len(seen) == times
        assert (len(images), len(images.dropped)) == (len(images.paths), 4 - len(images.paths))
