import random
import shutil

import pytest
from gan_data import DataError, find_images, split_by_content


@pytest.fixture
def paths(tmp_path):
    """Two hundred files of different bytes; it does not matter here that they are not images."""
    folder = tmp_path / "set"
    folder.mkdir()
    for i in range(200):
        (folder / f"{i:03}.png").write_text(f"picture {i}")
    return find_images(folder)


def contents(files):
    return {path.read_text() for path in files}


def test_every_file_is_in_one_part_in_the_original_order(paths):
    train, validation = split_by_content(paths, 0.25)
    assert sorted(train + validation) == paths
    assert train == sorted(train)
    assert validation == sorted(validation)
    assert 30 < len(validation) < 70


def test_the_split_does_not_depend_on_order_name_and_folder(paths, tmp_path):
    expected = split_by_content(paths, 0.25)
    moved = [shutil.copy(path, tmp_path / f"renamed{hash(path)}.png") for path in paths]
    random.Random(1).shuffle(moved)
    assert contents(split_by_content(moved, 0.25).validation) == contents(expected.validation)


def test_it_is_the_same_on_every_machine(paths):
    names = [path.stem for path in split_by_content(paths[:20], 0.25).validation]
    assert names == ["001", "007", "008", "009", "014"]  # by SHA-256, computed with sha256sum


def test_images_added_later_move_nothing(paths):
    some, more = split_by_content(paths[:100], 0.25), split_by_content(paths, 0.25)
    assert set(some.validation) <= set(more.validation)
    assert set(some.train) <= set(more.train)


def test_copies_stay_together(paths):
    copies = [shutil.copy(path, path.with_name(f"copy of {path.name}")) for path in paths]
    for validation in (0.3, 41):
        train, held_out = split_by_content([*paths, *copies], validation)
        assert not contents(train) & contents(held_out)
        assert len(train) + len(held_out) == 400


@pytest.mark.parametrize("count", [1, 7, 199])
def test_a_number_is_held_out_exactly(paths, count):
    assert len(split_by_content(paths, count).validation) == count


def test_neither_part_is_empty(paths):
    for start in range(50):
        for fraction in (0.01, 0.99):
            train, validation = split_by_content(paths[start : start + 3], fraction)
            assert train
            assert validation


def test_mistakes(paths):
    for fraction in (0.0, 1.0, -0.5):
        with pytest.raises(ValueError, match="expected a fraction between 0 and 1"):
            split_by_content(paths, fraction)
    with pytest.raises(ValueError, match="expected at least 1 image to hold out; got 0"):
        split_by_content(paths, 0)
    with pytest.raises(DataError, match=r"hold out \(200\); got 200 in 200 files"):
        split_by_content(paths, 200)
    with pytest.raises(DataError, match=r"got 1 in 2 files; add images"):
        split_by_content([paths[0], paths[0]], 0.5)
    with pytest.raises(DataError, match="got 0 in 0 files"):
        split_by_content([], 0.5)
    with pytest.raises(DataError, match=r"gone\.png: cannot be opened \(No such file"):
        split_by_content([*paths, paths[0].with_name("gone.png")], 0.5)
