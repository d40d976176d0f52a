import os
import unicodedata

import pytest
from gan_data import DataError, search_folder


def names(paths, root):
    return [path.relative_to(root).as_posix() for path in paths]


def test_what_is_passed_over_is_counted_by_suffix(tmp_path, touch):
    touch("1.png", "2.avif", "3.heic", "4.jp2", "a/1.JXL", "a/2.jxl", "notes.txt", "README")
    files, passed_over = search_folder(tmp_path)
    assert names(files, tmp_path) == ["1.png", "2.avif", "3.heic", "4.jp2"]
    assert passed_over.suffixes == {".jxl": 2, ".txt": 1, "": 1}
    assert str(passed_over) == "4 files of other kinds (2 .jxl, 1 without suffix, 1 .txt)"


def test_other_suffixes_can_be_searched_for(tmp_path, touch):
    touch("a.mp4", "b.png")
    files, passed_over = search_folder(tmp_path, {".mp4"})
    assert names(files, tmp_path) == ["a.mp4"]
    assert passed_over.suffixes == {".png": 1}


def test_nothing_passed_over_is_false(tmp_path, touch):
    touch("a.png")
    assert not search_folder(tmp_path).passed_over


def test_what_systems_leave_is_neither_found_nor_counted(tmp_path, touch):
    touch("1.png", "@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg", "$RECYCLE.BIN/$R1ABCDE.png", "lost+found/y.png")
    touch("System Volume Information/x.png", "#recycle/z.png", "a/@Recycle/z.png", "a/Thumbs.db")
    touch(".@__thumb/t.jpg", "@__thumb/t.jpg", "desktop.ini", ".DS_Store", "__MACOSX/._1.png")
    files, passed_over = search_folder(tmp_path)
    assert names(files, tmp_path) == ["1.png"]
    assert not passed_over


def test_special_files_and_links_that_lead_nowhere_are_named(tmp_path, touch):
    touch("photos/a.png", "other/b.png")
    root = tmp_path / "photos"
    os.mkfifo(root / "pipe.png")
    (root / "loop").symlink_to("loop")
    (root / "up").symlink_to("..", target_is_directory=True)
    (root / "disk").symlink_to("/nowhere")
    (root / "lost.png").symlink_to("/nowhere.png")
    files, passed_over = search_folder(root)
    # A link to an image that is gone was meant as an image: reading it is an error.
    assert names(files, root) == ["a.png", "lost.png"]
    assert names(passed_over.special, root) == ["pipe.png"]
    assert names(passed_over.links, root) == ["disk", "loop", "up"]
    assert "1 special file such as a pipe" in str(passed_over)
    assert "3 links to nowhere or in a circle" in str(passed_over)


def test_a_link_to_itself_as_the_folder_is_refused(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(DataError, match=r"loop: expected a folder of images; this cannot be read \(.*links"):
        search_folder(tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="pipe: expected a folder of images; this is neither a folder nor"):
        search_folder(tmp_path / "pipe")
    with pytest.raises(DataError, match=r"expected a folder of images; this cannot be read .*too long"):
        search_folder(tmp_path / ("x" * 300))


def test_the_order_does_not_depend_on_the_form_of_the_names(tmp_path, touch):
    of_form = {}
    for form in ("NFC", "NFD"):
        touch(*(unicodedata.normalize(form, f"{form}/{name}.png") for name in ("uz", "üa", "v")))
        found = names(search_folder(tmp_path / form).files, tmp_path / form)
        of_form[form] = [unicodedata.normalize("NFC", name) for name in found]
    assert of_form["NFC"] == of_form["NFD"] == ["uz.png", "v.png", "üa.png"]


def test_brackets_and_names_of_255_bytes(tmp_path, touch):
    touch("[1] *?/a.png", "x" * 251 + ".png")
    assert len(search_folder(tmp_path).files) == 2
    assert len(search_folder(tmp_path / "[1] *?").files) == 1


def test_names_are_printed_on_one_line_without_escape_codes(tmp_path, touch):
    touch("a.png\n\x1b[31m.txt")
    os.mkfifo(tmp_path / "p\n\x1b[31mq")
    text = str(search_folder(tmp_path).passed_over)
    assert "\n" not in text
    assert r"p\n\x1b[31mq" in text
