"""Sets of label maps with which training is useless."""

import pytest
from gan_data import DataError, check, require_labels


def assert_same(files, classes, ignore, found):
    """What `check` finds is what ends a training, or is returned as warnings."""
    errors = [finding for finding in found if finding.severity == "error"]
    if not errors:
        assert require_labels(files, classes, ignore=ignore) == found
        return
    with pytest.raises(DataError) as raised:
        require_labels(files, classes, ignore=ignore)
    assert str(raised.value) == str(errors[0])


@pytest.fixture
def maps(save, numbers, tmp_path):
    """Writes maps of one label each, with photos, and returns what is found, as (name, severity, problem)."""

    def find(*labels, classes, ignore=255):
        for index, label in enumerate(labels):
            save(f"photos/{index}.png", size=(2, 2))
            save(f"maps/{index}.png", picture=numbers([[label] * 2] * 2))
        found = check(tmp_path / "photos", labels=tmp_path / "maps", classes=classes, ignore=ignore)
        found = [finding for finding in found if "photos" not in finding.path.parts]
        if classes is not None:
            assert_same(sorted((tmp_path / "maps").iterdir()), classes, ignore, found)
        return [(f.path.name, f.severity, f.problem, f.remedy) for f in found]

    return find


def test_no_pixel_is_of_a_class(maps):
    found = maps(255, 255, classes=4)
    assert [each[:3] for each in found] == [
        ("maps", "error", "holds no pixel of any class: all are 255, which is ignored")
    ]
    assert "another label to ignore" in found[0][3]


def test_no_pixel_is_of_a_class_where_their_number_is_not_given(maps):
    assert [each[1] for each in maps(255, 255, classes=None)] == ["error"]


def test_masks_of_0_and_255_with_two_classes(maps):
    (found,) = maps(0, 255, classes=2)
    assert found[:3] == (
        "maps",
        "error",
        "holds masks of 0 and 255, but 255 is ignored and class 1 never occurs",
    )
    assert found[3] == "save them with 1 instead of 255, or as PNG of 1 bit"


def test_masks_of_1_bit_are_0_and_1(save, numbers, tmp_path):
    save("photo/x.png", size=(1, 2))
    save("map/x.png", picture=numbers([[0, 255]], "1"))
    found = check(tmp_path / "photo", labels=tmp_path / "map", classes=2)
    assert [f for f in found if f.severity == "error"] == []


def test_a_class_never_occurs(maps):
    assert maps(0, 2, 255, classes=3) == [
        (
            "maps",
            "warning",
            "holds no pixel of class 1; labels go from 0 to 2",
            "correct the maps, or give the right number of classes",
        )
    ]


def test_several_classes_never_occur(maps):
    assert (
        maps(0, classes=9)[0][2]
        == "holds no pixel of classes 1, 2, 3, 4, 5 and 3 more; labels go from 0 to 8"
    )


def test_sound_maps_have_no_findings(maps):
    assert maps(0, 1, 2, 255, classes=3) == []
    assert maps(0, 1, 2, 2, classes=3, ignore=None) == []


def test_labels_out_of_range_are_named_in_each_map(maps):
    assert [each[:2] for each in maps(0, 1, 7, classes=2)] == [("2.png", "error")]


def test_decoding_ends_when_every_class_has_occurred(save, numbers, tmp_path):
    files = [save(f"{i}.png", picture=numbers([[0, 1]])) for i in range(64)]
    (tmp_path / "last.png").write_text("not a map")
    assert require_labels([*files, tmp_path / "last.png"], 2) == []
    with pytest.raises(DataError, match=r"last\.png: is not an image"):
        require_labels([*files, tmp_path / "last.png"], 3)


def test_the_number_of_classes_is_checked(tmp_path):
    with pytest.raises(ValueError, match="expected at least 1 class"):
        require_labels([tmp_path / "x.png"], 0)
    assert require_labels([], 2) == []
