import functools

import pytest
import torch
from gan_data import (
    DataError,
    Degraded,
    Images,
    PairedFolders,
    SideBySide,
    bicubic_downscale,
    find_pairs,
    grayscale,
    read_image,
    split_by_content,
    to_uint8,
)
from PIL import Image, ImageOps


@pytest.fixture
def ab(save, positions, tmp_path):
    """Two pairs; B is A's negative, in another format."""
    for name in ("1", "2"):
        picture = positions(20, 30)
        save(f"A/{name}.png", picture=picture)
        save(f"B/{name}.bmp", picture=ImageOps.invert(picture))
    return tmp_path


def assert_negatives_at_many_places(dataset):
    windows = set()
    for seed in range(30):
        torch.manual_seed(seed)
        a, b = dataset[seed % len(dataset)]
        assert a.shape == b.shape
        assert a.is_contiguous()
        assert b.is_contiguous()
        assert torch.equal(to_uint8(a), 255 - to_uint8(b))
        windows.add(tuple(to_uint8(a).flatten().tolist()))
    assert len(windows) > 20


def test_both_of_a_pair_are_cropped_and_mirrored_alike(ab):
    dataset = PairedFolders(ab / "A", ab / "B", size=8)
    assert dataset[0][0].shape == (3, 8, 8)
    assert_negatives_at_many_places(dataset)


def test_both_of_a_pair_are_resized_alike(ab):
    a, b = PairedFolders(ab, load_size=(10, 15), flip=False)[0]
    assert a.shape == (3, 10, 15)
    assert (to_uint8(a).int() + to_uint8(b).int() - 255).abs().max() <= 1


def test_one_folder_with_a_and_b(ab):
    dataset = PairedFolders(ab, size=8)
    assert dataset.pairs == find_pairs(ab / "A", ab / "B")
    assert len(dataset) == 2
    with pytest.raises(DataError, match=r"A: expected folders A and B in it; .* give both folders"):
        PairedFolders(ab / "A")


def test_a_list_of_pairs_from_a_split(save, tmp_path):
    for i in range(12):
        save(f"A/{i}.png")
        save(f"B/{i}.png")
    train, validation = split_by_content(find_pairs(tmp_path / "A", tmp_path / "B"), 3)
    assert len(PairedFolders(train)) == 9
    held_out = PairedFolders(validation, flip=False)
    assert torch.equal(held_out[0][1], read_image(validation[0][1]))
    with pytest.raises(DataError, match="expected at least one pair; got an empty list"):
        PairedFolders([])


def test_pairs_of_two_sizes_are_named(save, tmp_path):
    save("A/1.png", size=(8, 8))
    save("B/1.png", size=(8, 9))
    with pytest.raises(
        DataError, match=r"1 of 1 pairs differ: .*A/1\.png \(8x8\) and .*B/1\.png \(8x9\); resize"
    ):
        PairedFolders(tmp_path)


def test_pairs_too_small_for_the_crop(ab):
    with pytest.raises(DataError, match=r"but 2 of 2 are smaller: .*1\.png \(20x30\)"):
        PairedFolders(ab, size=21)


def test_side_by_side_halves(ab, save):
    sheet = Image.new("RGB", (60, 20))
    sheet.paste(Image.open(ab / "A" / "1.png"), (0, 0))
    sheet.paste(Image.open(ab / "B" / "1.bmp"), (30, 0))
    path = save("sheets/1.png", picture=sheet)
    a, b = SideBySide(path.parent, flip=False)[0]
    assert torch.equal(a, read_image(ab / "A" / "1.png"))
    assert torch.equal(b, read_image(ab / "B" / "1.bmp"))
    assert_negatives_at_many_places(SideBySide([path], size=8))


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


def test_degraded_gives_the_spoilt_view_and_the_same_view_clean(save, tmp_path):
    save("x.png", size=(40, 40))
    images = Images(tmp_path, size=16)
    torch.manual_seed(3)
    clean = images[0]
    torch.manual_seed(3)
    gray, same = Degraded(images, grayscale)[0]
    assert torch.equal(same, clean)
    assert torch.equal(gray, grayscale(clean))
    small, large = Degraded(images, functools.partial(bicubic_downscale, factor=4))[0]
    assert (small.shape, large.shape) == ((3, 4, 4), (3, 16, 16))
