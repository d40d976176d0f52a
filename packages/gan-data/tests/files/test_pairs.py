import pytest
from gan_data import DataError, find_images, find_pairs


def test_pairs_are_matched_by_stem_within_subfolders(tmp_path, touch):
    touch("A/1.jpg", "A/in/1.png", "B/1.png", "B/in/1.png")
    pairs = [
        tuple(p.relative_to(tmp_path).as_posix() for p in pair)
        for pair in find_pairs(tmp_path / "A", tmp_path / "B")
    ]
    assert pairs == [("A/1.jpg", "B/1.png"), ("A/in/1.png", "B/in/1.png")]


def test_pairs_are_in_the_order_of_find_images(tmp_path, touch):
    touch("A/1f3c3.png", "A/1f3c3-27a1.png", "B/1f3c3.jpg", "B/1f3c3-27a1.jpg")
    assert [a for a, _ in find_pairs(tmp_path / "A", tmp_path / "B")] == find_images(tmp_path / "A")


def test_dots_in_a_name_belong_to_the_stem(tmp_path, touch):
    touch("A/v1.2.png", "A/v1.3.png", "B/v1.2.png", "B/v1.3.png")
    assert len(find_pairs(tmp_path / "A", tmp_path / "B")) == 2


def test_orphans_are_named(tmp_path, touch):
    touch("A/1.jpg", "A/2.jpg", "B/1.png", *(f"B/only{i}.png" for i in range(6)))
    with pytest.raises(DataError, match=r"7 have none: .*A/2\.jpg, .*only0.*only3\.png and 2 more; add"):
        find_pairs(tmp_path / "A", tmp_path / "B")


def test_ambiguous_stems_are_named(tmp_path, touch):
    touch("A/1.jpg", "A/1.png", "B/1.png")
    with pytest.raises(DataError, match=r"share their stem: .*A/1\.jpg, .*A/1\.png; rename or remove"):
        find_pairs(tmp_path / "A", tmp_path / "B")
