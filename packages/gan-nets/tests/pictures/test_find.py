"""The files that arguments of the command name."""

import os
import warnings
from pathlib import Path

import pytest
from gan_nets.pictures._video_formats import FORMATS
from gan_nets.pictures.find import VIDEOS, find_jobs
from PIL import Image


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def sources(*names, out):
    jobs, failures = find_jobs([str(name) for name in names], out)
    return [str(job.target.relative_to(out)) for job in jobs], failures


def test_every_format_of_videos_is_searched_for():
    assert FORMATS.keys() == VIDEOS


def test_linked_folders_are_followed_and_circles_are_named(tmp_path):
    touch(tmp_path, "disk/1.png", "photos/own.png")
    (tmp_path / "photos" / "album").symlink_to("../disk")
    (tmp_path / "photos" / "circle").symlink_to(".")
    with pytest.warns(
        UserWarning, match=r"photos: passed over 1 link to nowhere or in a circle \(.*circle\)"
    ):
        found = sources(tmp_path / "photos", out=tmp_path / "out")
    assert found == (["album/1.png", "own.png"], [])


def test_what_is_passed_over_is_counted_and_junk_is_not(tmp_path):
    touch(
        tmp_path, "a/1.png", "a/2.mkv", "a/notes.txt", "a/3.psd", "a/4.psd", "a/@eaDir/1.png", "a/Thumbs.db"
    )
    with pytest.warns(UserWarning, match=r"a: passed over 3 files of other kinds \(2 \.psd, 1 \.txt\)"):
        found = sources(tmp_path / "a", out=tmp_path / "out")
    assert found == (["1.png", "2.mkv"], [])


@pytest.mark.parametrize("suffix", ["png", "heic", "jp2", "avif", "mp4", "flv"])
def test_nothing_is_said_where_all_files_are_taken(tmp_path, suffix):
    touch(tmp_path, f"a/1.{suffix}", f"a/2.{suffix.upper()}")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(sources(tmp_path / "a", out=tmp_path / "out")[0]) == 2


@pytest.mark.parametrize("folder", ["pics [2020]", "a[b", "[x]/[y]"])
def test_brackets_of_folders_are_no_wildcards(tmp_path, folder):
    touch(tmp_path, f"{folder}/1.png", f"{folder}/b/2.png")
    assert sources(tmp_path / folder / "*.png", out=tmp_path / "out") == (["1.png"], [])
    assert sources(tmp_path / folder / "**" / "*.png", out=tmp_path / "out") == (["1.png", "b/2.png"], [])
    assert sources(tmp_path / folder, out=tmp_path / "out") == (["1.png", "b/2.png"], [])


def test_brackets_of_a_glob_are_wildcards(tmp_path):
    touch(tmp_path, "a1/1.png", "a2/1.png", "b/1.png")
    assert sources(tmp_path / "a[12]" / "*.png", out=tmp_path / "out") == (["a1/1.png", "a2/1.png"], [])


def test_an_argument_without_files_is_named(tmp_path):
    jobs, (failure,) = find_jobs([str(tmp_path / "no*.png")], tmp_path / "out")
    assert (jobs, failure.source) == ([], str(tmp_path / "no*.png"))
    assert failure.reason == "there is no such picture or video; check the path"


def test_a_folder_without_pictures_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    _, (failure,) = find_jobs([str(tmp_path / "empty")], tmp_path / "out")
    assert failure.reason == "there is no picture or video in this folder; check the path"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_named_pipe_is_never_opened(tmp_path):
    touch(tmp_path, "a/1.png")
    os.mkfifo(tmp_path / "a" / "2.png")
    with pytest.warns(UserWarning, match=r"1 special file such as a pipe \(.*2\.png\)"):
        assert sources(tmp_path / "a", out=tmp_path / "out") == (["1.png"], [])


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read anything")
def test_a_folder_that_can_not_be_read_is_named(tmp_path):
    touch(tmp_path, "a/1.png", "b/c/1.png")
    (tmp_path / "b" / "c").chmod(0)
    found, (failure,) = sources(tmp_path / "a", tmp_path / "b", out=tmp_path / "out")
    assert found == ["1.png"]
    assert "cannot be read" in failure.reason


def test_a_folder_of_pictures_is_found_from_where_one_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("L", (2, 2)).save("1.png")
    (job,), failures = find_jobs(["."], Path("out"))
    assert (job.source, job.target, failures) == (Path("1.png"), Path("out/1.png"), [])
