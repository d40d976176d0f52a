import os
import unicodedata

import pytest
from gan_data import DataError, check
from PIL import Image


def named(findings):
    return {(finding.path.name, finding.severity, finding.problem.split(" (")[0]) for finding in findings}


def test_every_problem_is_found_and_nothing_else(mess):
    assert named(check(mess, size=32)) == {
        ("cut.jpg", "error", "is truncated or corrupt"),
        ("page.png", "error", "holds a web page instead of an image"),
        ("zero.png", "error", "is empty"),
        ("flipped.png", "error", "is truncated or corrupt"),
        ("odd.png", "warning", "has an odd size"),
        ("tiny.png", "warning", "has an odd size"),
        ("tiny.png", "error", "is smaller"),
        ("gray.png", "warning", "has no color"),
        ("said.png", "warning", "holds JPEG, but its suffix is of PNG"),
    }


def test_the_crop_need_not_be_square(save, tmp_path):
    save("x.png", size=(10, 20))
    assert check(tmp_path, size=[10, 20]) == []
    assert named(check(tmp_path, size=(11, 20))) == {("x.png", "error", "is smaller")}
    with pytest.raises(ValueError, match="expected size to be a whole number"):
        check(tmp_path, size=0)


def test_a_good_set_has_no_findings(save, tmp_path):
    for i in range(3):
        save(f"{i}.png")
    assert check(tmp_path) == []


def test_no_size_is_odd_where_none_is_usual(save, tmp_path):
    for i in range(4):
        save(f"{i}.png", size=(10 + i // 2, 10))
    assert check(tmp_path) == []


def test_many_odd_sizes_are_one_finding(save, tmp_path):
    for i in range(45):
        save(f"{i}.png", size=(10, 10) if i < 24 else (11 + i, 10))
    (finding,) = check(tmp_path)
    assert finding.path == tmp_path
    assert finding.problem == "holds 21 of 45 images of other sizes than most"
    assert finding.remedy.startswith("most are 10x10 (height x width)")


@pytest.mark.parametrize("tint", [(255, 255, 255), (255, 200, 140)])
def test_sepia_and_flat_pictures_are_gray(save, tmp_path, tint):
    ramp = Image.linear_gradient("L").resize((20, 20))
    save("x.png", picture=Image.merge("RGB", [ramp.point(lambda v, t=t: v * t / 255) for t in tint]))
    save("y.png", picture=Image.new("RGB", (20, 20), tint))
    assert [finding.problem for finding in check(tmp_path)] == ["has no color"] * 2


def test_pairs(save, tmp_path):
    for side in "AB":
        save(f"{side}/good.png")
        save(f"{side}/twice.png")
    save("B/twice.jpg")
    save("A/alone.png")
    save("A/clash.png", size=(12, 16))
    save("B/clash.png", size=(16, 12))
    found = named(f for f in check(tmp_path / "A", tmp_path / "B") if f.severity == "error")
    assert {(name, problem.split(" /")[0]) for name, _, problem in found} == {
        ("alone.png", "has no counterpart"),
        ("twice.png", "shares its stem with another file"),
        ("twice.jpg", "shares its stem with another file"),
        ("clash.png", "differs in size from its counterpart"),
    }


def test_no_folder_no_images(tmp_path):
    with pytest.raises(DataError, match="expected images"):
        check(tmp_path)


def test_maps_are_checked(city, save, numbers):
    save("train_label/aachen_1_gtFine_labelIds.png")  # in color
    save("train_inst/bonn_2_gtFine_instanceIds.png", picture=numbers([[1] * 30] * 10))
    save("train_inst/alone.png", picture=numbers([[1] * 30] * 20))
    found = check(city["photos"], labels=city["labels"], instances=city["instances"], classes=29)
    errors = [finding for finding in found if finding.severity == "error"]
    assert [(finding.path.name, finding.problem.split(" /")[0]) for finding in errors] == [
        ("bonn_2_leftImg8bit.png", "differs in size from its counterpart"),
        ("alone.png", "has no counterpart"),
        ("aachen_1_gtFine_labelIds.png", "holds colors (RGB), not one label for each pixel"),
        (
            "bonn_2_gtFine_labelIds.png",
            "holds the labels 29, but labels go from 0 to 28 (or 255, which is ignored)",
        ),
    ]


def test_a_good_set_with_maps_has_no_findings(city, save):
    for photo in city["photos"].iterdir():
        save(f"train_img/{photo.name}", size=(20, 30))  # in color
    assert check(city["photos"], labels=city["labels"], instances=city["instances"], classes=30) == []


def test_what_is_passed_over_is_named(save, tmp_path, touch):
    save("1.png")
    touch("2.jxl", "3.psd", "notes.txt", "@eaDir/1.png/t.png")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "loop").symlink_to("loop")
    found = {(f.path.name, f.severity, f.problem) for f in check(tmp_path)}
    assert found == {
        (
            tmp_path.name,
            "warning",
            "holds 3 files of other kinds (1 .jxl, 1 .psd, 1 .txt), which are not read",
        ),
        ("pipe.png", "warning", "is a named pipe, a socket or a device, which is not read"),
        ("loop", "warning", "is a link to nowhere or in a circle, which is not followed"),
    }


def test_names_are_compared_in_one_unicode_form(save, tmp_path):
    for side, form in (("A", "NFC"), ("B", "NFD")):
        for name in ("grün", "がぎ"):
            save(unicodedata.normalize(form, f"{side}/{name}.png"))
    assert check(tmp_path / "A", tmp_path / "B") == []
