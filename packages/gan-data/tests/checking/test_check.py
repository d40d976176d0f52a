import json

import pytest
from gan_data import DataError, check
from gan_data.checking.command import main
from PIL import Image


def named(findings):
    return {(finding.path.name, finding.severity, finding.problem.split(" (")[0]) for finding in findings}


@pytest.fixture
def mess(save, tmp_path):
    """Three good pictures and one of everything that can be wrong with one."""
    for name in ("good1.jpg", "good2.png", "good3.webp", "good4.png", "good5.png", "good6.png"):
        save(name, size=(40, 40))
    cut = save("cut.jpg", size=(40, 40))
    cut.write_bytes(cut.read_bytes()[:-300])
    (tmp_path / "page.png").write_text("<html>")
    (tmp_path / "zero.png").touch()
    flipped = bytearray(save("flipped.png", size=(40, 40)).read_bytes())
    flipped[200] ^= 0xFF
    (tmp_path / "flipped.png").write_bytes(flipped)
    save("odd.png", size=(40, 50))
    save("tiny.png", size=(40, 20))
    save("grey.png", picture=Image.linear_gradient("L").resize((40, 40)))
    save("really.jpg", size=(40, 40)).rename(tmp_path / "said.png")
    return tmp_path


def test_everything_is_found_and_nothing_else(mess):
    assert named(check(mess, size=32)) == {
        ("cut.jpg", "error", "is truncated or corrupt"),
        ("page.png", "error", "is not an image, whatever its name says"),
        ("zero.png", "error", "is empty"),
        ("flipped.png", "error", "is truncated or corrupt"),
        ("odd.png", "warning", "has an odd size"),
        ("tiny.png", "warning", "has an odd size"),
        ("tiny.png", "error", "is smaller"),
        ("grey.png", "warning", "has no colour"),
        ("said.png", "warning", "holds JPEG, though its name says PNG"),
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
    assert main(["check", str(tmp_path)]) == 0


def test_sizes_are_not_odd_where_none_is_usual(save, tmp_path):
    for i in range(4):
        save(f"{i}.png", size=(10 + i // 2, 10))
    assert check(tmp_path) == []


@pytest.mark.parametrize("tint", [(255, 255, 255), (255, 200, 140)])
def test_sepia_and_flat_pictures_are_grey(save, tmp_path, tint):
    ramp = Image.linear_gradient("L").resize((20, 20))
    save("x.png", picture=Image.merge("RGB", [ramp.point(lambda v, t=t: v * t / 255) for t in tint]))
    save("y.png", picture=Image.new("RGB", (20, 20), tint))
    assert [finding.problem for finding in check(tmp_path)] == ["has no colour"] * 2


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


class TestCommand:
    def test_one_line_for_each_finding_and_a_summary(self, mess, capsys):
        assert main(["check", str(mess), "--size", "32"]) == 1
        lines = capsys.readouterr().out.splitlines()
        assert lines[-1] == "14 images, 5 errors, 4 warnings"
        assert len(lines) == 10
        assert f"error: {mess / 'zero.png'}: is empty (0 bytes); copy it again or delete it" in lines

    def test_warnings_fail_only_when_strict(self, save, tmp_path, capsys):
        save("x.png", picture=Image.new("RGB", (4, 4), "grey"))
        assert main(["check", str(tmp_path)]) == 0
        assert main(["check", str(tmp_path), "--strict"]) == 1
        assert "warning" in capsys.readouterr().out

    def test_json(self, mess, capsys):
        assert main(["check", str(mess), "--json"]) == 1
        output = capsys.readouterr()
        report = json.loads(output.out)
        assert (report["images"], report["errors"], report["warnings"]) == (14, 4, 4)
        assert {"path", "severity", "problem", "remedy"} == set(report["findings"][0])
        assert output.err == ""

    def test_a_missing_folder_is_one_sentence(self, tmp_path, capsys):
        assert main(["check", str(tmp_path / "nowhere")]) == 2
        output = capsys.readouterr()
        assert output.out == ""
        assert output.err.startswith(
            f"gan-data check: {tmp_path / 'nowhere'}: expected a folder of images; this does not"
        )
        assert output.err.count("\n") == 1
