import pytest
from gan_data import DataError, find_images, find_pairs


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_in_depth_in_order_without_hidden_files(tmp_path):
    touch(tmp_path, "b.PNG", "a/z.jpg", "a/b/c.webp", "a.tif", "notes.txt", "a/._z.jpg", ".thumbs/t.png")
    touch(tmp_path, "__MACOSX/q.png")
    found = [path.relative_to(tmp_path).as_posix() for path in find_images(str(tmp_path))]
    assert found == ["a/b/c.webp", "a/z.jpg", "a.tif", "b.PNG"]


def test_links_to_folders_are_followed_but_not_in_circles(tmp_path):
    touch(tmp_path, "elsewhere/x.png", "set/y.png")
    (tmp_path / "set" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set" / "up").symlink_to(tmp_path / "set")
    found = [path.relative_to(tmp_path).as_posix() for path in find_images(tmp_path / "set")]
    assert found == ["set/link/x.png", "set/y.png"]


def test_no_folder_and_no_images(tmp_path):
    with pytest.raises(DataError, match=r"nowhere: expected a folder of images; this does not exist; give"):
        find_images(tmp_path / "nowhere")
    with pytest.raises(
        DataError, match=r"expected images .*; there is no file at all, in depth; check the path"
    ):
        find_images(tmp_path)
    touch(tmp_path, "a.heic")
    with pytest.raises(DataError, match=r"only other files such as a\.heic, in depth; .*convert"):
        find_images(tmp_path)
    with pytest.raises(
        DataError, match=r"a\.heic: expected a folder of images; this is a file; give the folder"
    ):
        find_images(tmp_path / "a.heic")


def test_pairs_go_by_stem_within_subfolders(tmp_path):
    touch(tmp_path, "A/1.jpg", "A/in/1.png", "B/1.png", "B/in/1.png")
    pairs = [
        tuple(p.relative_to(tmp_path).as_posix() for p in pair)
        for pair in find_pairs(tmp_path / "A", tmp_path / "B")
    ]
    assert pairs == [("A/1.jpg", "B/1.png"), ("A/in/1.png", "B/in/1.png")]


def test_dots_in_a_name_belong_to_the_stem(tmp_path):
    touch(tmp_path, "A/v1.2.png", "A/v1.3.png", "B/v1.2.png", "B/v1.3.png")
    assert len(find_pairs(tmp_path / "A", tmp_path / "B")) == 2


def test_orphans_are_named(tmp_path):
    touch(tmp_path, "A/1.jpg", "A/2.jpg", "B/1.png", *(f"B/only{i}.png" for i in range(6)))
    with pytest.raises(DataError, match=r"7 are alone: .*A/2\.jpg, .*only0.*only3\.png and 2 more; add"):
        find_pairs(tmp_path / "A", tmp_path / "B")


def test_ambiguous_stems_are_named(tmp_path):
    touch(tmp_path, "A/1.jpg", "A/1.png", "B/1.png")
    with pytest.raises(DataError, match=r"share theirs: .*A/1\.jpg, .*A/1\.png; rename or remove"):
        find_pairs(tmp_path / "A", tmp_path / "B")
