import pytest
import torch
from gan_data import DataError, SideBySide, read_image
from PIL import Image


def test_side_by_side_halves(ab, save, assert_negatives_in_many_windows):
    sheet = Image.new("RGB", (60, 20))
    sheet.paste(Image.open(ab / "A" / "1.png"), (0, 0))
    sheet.paste(Image.open(ab / "B" / "1.bmp"), (30, 0))
    path = save("sheets/1.png", picture=sheet)
    a, b = SideBySide(path.parent, flip=False)[0]
    assert torch.equal(a, read_image(ab / "A" / "1.png"))
    assert torch.equal(b, read_image(ab / "B" / "1.bmp"))
    assert_negatives_in_many_windows(SideBySide([path], size=8))


def test_resized_halves_do_not_bleed_into_each_other(save):
    sheet = Image.new("RGB", (60, 20), "black")
    sheet.paste("white", (30, 0, 60, 20))
    a, b = SideBySide([save("x.png", picture=sheet)], load_size=7)[0]
    assert a.shape == (3, 7, 10)
    assert (a == -1).all()
    assert (b == 1).all()


def test_side_by_side_mistakes(save, tmp_path):
    save("x.png", size=(8, 13))
    with pytest.raises(DataError, match=r"odd width: .*x\.png \(13 wide\)"):
        SideBySide(tmp_path)
    save("x.png", size=(8, 14))
    with pytest.raises(DataError, match=r"8x8 .* smaller: .*x\.png \(8x7\)"):
        SideBySide(tmp_path, size=8)
