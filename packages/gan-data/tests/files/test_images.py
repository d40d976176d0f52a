import pytest
from gan_data import DataError, find_images


def test_subfolders_in_order_without_hidden_files(tmp_path, touch):
    touch("b.PNG", "a/z.jpg", "a/b/c.webp", "a.tif", "notes.txt", "a/._z.jpg", ".thumbs/t.png")
    touch("__MACOSX/q.png")
    found = [path.relative_to(tmp_path).as_posix() for path in find_images(str(tmp_path))]
    assert found == ["a/b/c.webp", "a/z.jpg", "a.tif", "b.PNG"]


def test_links_to_folders_are_followed_but_not_in_circles(tmp_path, touch):
    touch("elsewhere/x.png", "set/y.png")
    (tmp_path / "set" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set" / "up").symlink_to(tmp_path / "set")
    found = [path.relative_to(tmp_path).as_posix() for path in find_images(tmp_path / "set")]
    assert found == ["set/link/x.png", "set/y.png"]


def test_no_folder_and_no_images(tmp_path, touch):
    with pytest.raises(DataError, match=r"nowhere: expected a folder of images; this does not exist; give"):
        find_images(tmp_path / "nowhere")
    with pytest.raises(
        DataError, match=r"expected images .*; the folder and its subfolders hold no file at all; check the"
    ):
        find_images(tmp_path)
    touch("a.jxl")
    with pytest.raises(DataError, match=r"hold only 1 file of other kinds \(1 \.jxl\); .*convert"):
        find_images(tmp_path)
    with pytest.raises(
        DataError, match=r"a\.jxl: expected a folder of images; this is a file; give the folder"
    ):
        find_images(tmp_path / "a.jxl")


def test_what_is_passed_over_is_logged_once(tmp_path, touch, caplog):
    touch("a.png", "b.jxl")
    for _ in range(2):
        find_images(tmp_path)
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path}: passed over 1 file of other kinds (1 .jxl)"
    ]
