"""Names from a Mac (NFD) and from Linux (NFC) are the same names."""

import unicodedata

import pytest
from gan_data import DataError, PairedFolders, find_images, find_labeled, find_pairs, require_equal_names


def nfc(path):
    return unicodedata.normalize("NFC", path.name)


NAMES = ("がぎ", "grün", "a", "für/Élan")


def in_form(form, side):
    return [unicodedata.normalize(form, f"{side}/{name}.png") for name in NAMES]


@pytest.fixture
def sides(save, tmp_path):
    for path in in_form("NFC", "A") + in_form("NFD", "B"):
        save(path)
    return tmp_path / "A", tmp_path / "B"


def test_pairs(sides):
    pairs = find_pairs(*sides)
    assert [nfc(a) for a, _ in pairs] == [nfc(b) for _, b in pairs]
    assert len(PairedFolders(*sides)) == 4


def test_maps_in_the_same_order_for_both_forms(sides):
    photos, labels = sides
    one = find_labeled(photos, labels=labels)
    other = find_labeled(labels, labels=photos)
    assert [nfc(file.photo) for file in one] == [nfc(file.labels) for file in one]
    assert [nfc(file.photo) for file in one] == [nfc(file.photo) for file in other]


def test_domains(sides):
    require_equal_names(*map(find_images, sides))


def test_two_forms_of_one_name_in_one_folder(save, tmp_path):
    for form in ("NFC", "NFD"):
        save(unicodedata.normalize(form, "A/grün.png"))
    save("B/grün.png")
    with pytest.raises(DataError, match="share their stem"):
        find_pairs(tmp_path / "A", tmp_path / "B")
