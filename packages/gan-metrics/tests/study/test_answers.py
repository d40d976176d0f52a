"""The file of answers, also after a kill."""

import os

import pytest
from gan_metrics.study._answers import AnswerFile, read_answers


@pytest.fixture
def path(tmp_path):
    return tmp_path / "answers.jsonl"


def write(path, *records):
    file = AnswerFile(path)
    for record in records:
        file.append(record)
    file.close()


def test_records_are_appended_in_order(path):
    write(path, {"a": 1}, {"b": "ü\n"})
    write(path, {"c": 3})
    assert read_answers(path) == ([{"a": 1}, {"b": "ü\n"}, {"c": 3}], [])
    assert path.read_bytes().count(b"\n") == 3


def test_each_record_is_one_write_and_on_the_disk_before_the_next(path, monkeypatch):
    calls = []
    write_, fsync = os.write, os.fsync
    monkeypatch.setattr(os, "write", lambda file, data: calls.append(data) or write_(file, data))
    monkeypatch.setattr(os, "fsync", lambda file: calls.append("fsync") or fsync(file))
    write(path, {"a": 1}, {"b": 2})
    assert calls == [b'{"a": 1}\n', "fsync", b'{"b": 2}\n', "fsync"]


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_last_line_that_breaks_off_is_said_and_the_next_one_is_whole(path, cut):
    write(path, {"a": 1}, {"b": 2})
    path.write_bytes(path.read_bytes()[:-cut])
    torn = [] if cut == 1 else [f"{path}: line 2 breaks off, and was ignored"]
    kept = [{"a": 1}, *([{"b": 2}] if cut == 1 else [])]  # all but the line's end is there
    assert read_answers(path) == (kept, torn)
    write(path, {"c": 3})
    ignored = [] if cut == 1 else [f"{path}: line 2 is no record, and was ignored"]
    assert read_answers(path) == ([*kept, {"c": 3}], ignored)


def test_a_write_that_is_cut_short_is_an_error(path, monkeypatch):
    file, write_ = AnswerFile(path), os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda file, data: write_(file, data[:4]))
        with pytest.raises(OSError, match="only 4 of 9 bytes could be written; is the disk full"):
            file.append({"a": 1})
    file.append({"b": 2})
    assert read_answers(path)[0] == [{"b": 2}]
    file.close()


def test_no_two_processes_write_one_file(path):
    file = AnswerFile(path)
    with pytest.raises(BlockingIOError, match="another process serves this study"):
        AnswerFile(path)
    file.close()
    AnswerFile(path).close()


def test_lines_that_are_no_records(path):
    path.write_bytes(b'[1]\n\n{"a": 1}\n\xff\xfe\n')
    records, damage = read_answers(path)
    assert records == [{"a": 1}]
    assert damage == [f"{path}: line {number} is no record, and was ignored" for number in (1, 4)]


def test_no_file_is_no_answer(path):
    assert read_answers(path) == ([], [])
