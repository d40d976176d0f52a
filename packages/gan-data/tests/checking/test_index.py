"""`gan-data index`, and `gan-data check` of what it wrote."""

import os
import subprocess
import sys

import pytest
from gan_data import DataError, Finding, check, find_images, index_folder, split_by_content
from gan_data.checking.command import main
from PIL import Image

parquet = pytest.importorskip("pyarrow.parquet")


@pytest.fixture
def rows(tmp_path):
    """Reads the rows of tmp_path's manifest of `photos`, by path."""

    def read():
        table = parquet.read_table(tmp_path / "photos.parquet")
        return {row["path"]: row for row in table.to_pylist()}

    return read


def test_the_columns(save, tmp_path, rows):
    path = save("photos/a/x.png", size=(12, 16))
    save("photos/y.jpg", picture=Image.new("L", (5, 4)))
    (tmp_path / "photos/zero.png").touch()
    result = index_folder(tmp_path / "photos")
    assert result.manifest == tmp_path / "photos.parquet"
    assert result[1:5] == (3, 3, 1, 0)
    assert list(rows()) == ["a/x.png", "y.jpg", "zero.png"]
    x, y, zero = rows().values()
    status = path.stat()
    assert (x["bytes"], x["mtime"]) == (status.st_size, status.st_mtime_ns)
    assert (x["width"], x["height"], x["mode"], x["format"]) == (16, 12, "RGB", "PNG")
    assert (y["width"], y["height"], y["mode"], y["format"]) == (5, 4, "L", "JPEG")
    assert [row["gray"] for row in (x, y, zero)] == [False, True, None]
    assert [row["broken"] for row in (x, y, zero)] == [False, False, True]
    assert (zero["width"], zero["mode"]) == (None, None)
    assert zero["hash"].hex().startswith("e3b0c44298fc1c14")  # SHA-256 of nothing


def test_the_column_split_is_the_split_by_content(save, tmp_path, rows):
    for index in range(40):
        save(f"photos/{index}.png", size=(2, 2))
    for validation in (0.1, 0.4):
        index_folder(tmp_path / "photos", validation=validation)
        held_out = [path.name for path in split_by_content(find_images(tmp_path / "photos"), validation)[1]]
        assert [name for name, row in rows().items() if row["split"] == "validation"] == held_out
        assert held_out


def test_unchanged_files_are_not_opened_again(save, tmp_path, rows):
    paths = [save(f"photos/{index}.png") for index in range(4)]
    index_folder(tmp_path / "photos")
    before = rows()
    status = paths[1].stat()
    paths[1].write_bytes(b"x" * status.st_size)  # what an index that opens it would see
    os.utime(paths[1], ns=(status.st_atime_ns, status.st_mtime_ns))
    paths[2].unlink()
    save("photos/3.png", size=(30, 30))
    save("photos/11.png", size=(7, 7))
    result = index_folder(tmp_path / "photos")
    assert (result.files, result.opened, result.broken, result.gone) == (4, 2, 0, 1)
    after = rows()
    assert list(after) == ["0.png", "1.png", "11.png", "3.png"]
    assert [after[name] for name in ("0.png", "1.png")] == [before[name] for name in ("0.png", "1.png")]
    assert (after["3.png"]["height"], after["11.png"]["height"]) == (30, 7)


def test_an_interrupted_index_leaves_the_old_one(save, tmp_path):
    save("photos/0.png")
    index_folder(tmp_path / "photos")
    before = (tmp_path / "photos.parquet").read_bytes()
    save("photos/1.png")

    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index_folder(tmp_path / "photos", report=interrupt)
    assert (tmp_path / "photos.parquet").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "photos.parquet"]


def test_a_link_to_nowhere_is_a_broken_file(save, tmp_path):
    save("photos/0.png")
    (tmp_path / "photos/1.png").symlink_to("/nowhere.png")
    assert index_folder(tmp_path / "photos").broken == 1
    found = check(tmp_path / "photos.parquet")
    assert [str(finding) for finding in found] == [str(finding) for finding in check(tmp_path / "photos")]


def test_other_files_are_not_replaced(save, tmp_path):
    save("photos/0.png")
    (tmp_path / "photos.parquet").write_text("of someone else")
    with pytest.raises(DataError, match=r"photos\.parquet: cannot be read as a manifest"):
        index_folder(tmp_path / "photos")
    with pytest.raises(DataError, match=r"photos\.txt: expected a name that ends in \.parquet"):
        index_folder(tmp_path / "photos", tmp_path / "photos.txt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty: expected images to index"):
        index_folder(tmp_path / "empty")
    with pytest.raises(ValueError, match="expected a fraction between 0 and 1 to hold out; got 1"):
        index_folder(tmp_path / "photos", validation=1)


def test_check_finds_in_a_manifest_what_it_finds_in_its_folder(mess):
    manifest = mess.parent / f"{mess.name}.parquet"
    index_folder(mess)

    def sentences(source):
        return {str(each) for each in check(source, size=32) if each.path not in (mess, manifest)}

    try:
        assert sentences(manifest) == sentences(mess) != set()
    finally:
        manifest.unlink()


def test_check_opens_only_changed_and_broken_files(save, tmp_path):
    paths = [save(f"photos/{index}.png", size=(40, 40)) for index in range(3)]
    index_folder(tmp_path / "photos")
    for path in paths[:2]:
        status = path.stat()
        path.write_bytes(b"x" * (status.st_size - (path == paths[1])))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    command = f"gan-data index {tmp_path / 'photos'}"
    problem = f"has changed since {tmp_path / 'photos.parquet'} was written"
    assert check(tmp_path / "photos.parquet") == [
        Finding(paths[1], "error", problem, f"update it: {command}")
    ]


def test_pairs_are_checked(save, tmp_path):
    for name in ("A/x.png", "B/x.png", "B/y.png"):
        save(name, size=(4, 4))
    index_folder(tmp_path, tmp_path / "ab.parquet")
    (finding,) = check(tmp_path / "ab.parquet/A", tmp_path / "ab.parquet/B")
    assert str(finding) == f"{tmp_path / 'B/y.png'}: has no counterpart; add it or remove this"


def test_the_command(save, tmp_path, capsys):
    save("photos/0.png")
    (tmp_path / "photos/notes.txt").touch()
    for opened in (1, 0):
        with pytest.raises(SystemExit) as end:
            main(["index", str(tmp_path / "photos"), "--workers", "1"])
        output, errors = capsys.readouterr()
        assert end.value.code == 0
        assert output == f"{tmp_path / 'photos.parquet'}: 1 images, {opened} opened, 0 broken, 0 gone\n"
        assert "passed over 1 file of other kinds (1 .txt)" in errors
    with pytest.raises(SystemExit) as end:
        main(["index", str(tmp_path / "photos"), "--validation", "1"])
    assert end.value.code == 2


def test_without_pyarrow_the_sentence_says_what_to_install(save, tmp_path):
    save("photos/0.png")
    index_folder(tmp_path / "photos")
    for words in (["index", tmp_path / "photos"], ["check", tmp_path / "photos.parquet"]):
        code = "import sys; sys.modules['pyarrow'] = None; from gan_data.checking.command import main; "
        code += f"main({[*map(str, words)]})"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        sentence = "manifests need pyarrow; pip install pyarrow"
        assert done.returncode == 1
        assert done.stderr == f"error: {tmp_path / 'photos.parquet'}: {sentence}\n"
