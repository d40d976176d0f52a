"""Making a study: what is copied, what is said, and what is refused."""

import json

import pytest
from gan_metrics.study._study import check_pictures, picture_path, read_study
from gan_metrics.study.make import make_study
from gan_metrics.study.settings import Settings
from PIL import Image, PngImagePlugin

FEW = Settings(practice=0, counted=2, attention=1)


@pytest.fixture
def make_of(tmp_path):
    """Makes a study of a real picture, and another one, and of two such fakes; returns it and its folder."""

    def run(image, settings=FEW, **save):
        for folder in ("real", "fake"):
            (tmp_path / folder).mkdir()
            image.save(tmp_path / folder / "first.png", **save)
            Image.new("RGB", image.size).save(tmp_path / folder / "second.png")
        make_study(tmp_path / "out", tmp_path / "real", {"A": tmp_path / "fake"}, settings)
        study = read_study(tmp_path / "out")
        (first,) = (picture for picture, name in study.real.items() if name == "first")
        return picture_path(tmp_path / "out", first)

    return run


def test_the_copies_have_the_pixels_and_their_names_say_nothing(make, folders):
    folder = make()
    study = read_study(folder)
    check_pictures(study, folder)
    assert {path.stem for path in (folder / "pictures").iterdir()} == study.pictures
    sources = {"real": study.real, **study.fake}
    for name, pictures in sources.items():
        assert len(pictures) == len(list((folders / name).iterdir()))
        for picture, source in pictures.items():
            (path,) = (folders / name).glob(f"{source}.*")
            with Image.open(path) as image, Image.open(picture_path(folder, picture)) as copy:
                assert copy.tobytes() == image.tobytes()
    kind_of = {picture: name for name, pictures in sources.items() for picture in pictures}
    kinds = [kind_of[picture] for picture in sorted(kind_of)]
    assert kinds != sorted(kinds)  # not in the order in which they were copied


def test_the_copies_have_no_metadata(make_of):
    exif, text = Image.Exif(), PngImagePlugin.PngInfo()
    exif[0x010E] = "secret description"
    text.add_text("Comment", "secret comment")
    path = make_of(
        Image.new("RGB", (6, 4), "red"), exif=exif, pnginfo=text, icc_profile=b"secret profile", dpi=(72, 72)
    )
    assert b"secret" not in path.read_bytes()
    with Image.open(path) as copy:
        copy.load()
        assert copy.info == {}


@pytest.mark.parametrize(
    ("mode", "color", "stored"),
    [
        ("L", 90, (90, 90, 90)),
        ("RGBA", (255, 0, 0, 0), (255, 255, 255)),
        ("RGBA", (255, 0, 0, 255), (255, 0, 0)),
        ("I;16", 257 * 90, (90, 90, 90)),
        ("1", 1, (255, 255, 255)),
    ],
)
def test_every_kind_of_pixel_becomes_rgb(make_of, mode, color, stored):
    with Image.open(make_of(Image.new(mode, (6, 4), color))) as copy:
        assert (copy.mode, copy.size, copy.getpixel((0, 0))) == ("RGB", (6, 4), stored)


def test_pictures_are_upright_and_not_larger_than_asked_for(make_of):
    exif = Image.Exif()
    exif[0x0112] = 6  # rotated by a quarter
    settings = Settings(practice=0, counted=2, attention=1, longest=20)
    with Image.open(make_of(Image.new("RGB", (40, 24)), settings, exif=exif)) as copy:
        assert copy.size == (12, 20)


def test_fakes_stand_beside_the_real_pictures_of_their_names_if_all_have_one(make, folders, tmp_path):
    study = read_study(make())
    assert study.pairing == {"same": "names", "other": "random"}
    pairs = {study.fake["same"][fake]: study.real[real] for fake, real in study.partners.items()}
    assert pairs == {f"{number:02}": f"{number:02}" for number in range(14)}
    said = make_study(
        tmp_path / "again",
        folders / "real",
        {"A": folders / "same", "B": folders / "other"},
        Settings(practice=2, counted=8),
    )
    assert said == [
        "A: 14 fakes, each beside the real picture of the same name",
        "B: 15 fakes, each beside one of 16 real pictures at random, since the names differ",
    ]


def test_few_pictures_of_large_folders_take_part_of_the_same_names(make):
    study = read_study(make(pictures=10))
    assert [len(fakes) for fakes in study.fake.values()] == [10, 10]
    assert set(study.fake["same"].values()) <= set(study.real.values())
    again, other = (read_study(make(f"{seed}", pictures=10, seed=seed)) for seed in (0, 1))
    assert set(again.fake["same"].values()) == set(study.fake["same"].values())
    assert set(other.fake["same"].values()) != set(study.fake["same"].values())


def test_a_broken_picture_is_none_of_the_others(make):
    folder = make(attention=3)
    study = read_study(folder)
    assert len(study.broken) == 3
    assert not set(study.broken) & {*study.real, *(fake for fakes in study.fake.values() for fake in fakes)}


def test_a_broken_picture_has_shuffled_parts(make_of, tmp_path):
    image = Image.linear_gradient("L").resize((64, 64)).convert("RGB")
    make_of(image, Settings(practice=0, counted=2, attention=8))
    paths = [picture_path(tmp_path / "out", each) for each in read_study(tmp_path / "out").broken]
    broken = [Image.open(path).convert("L") for path in paths]
    assert all(each.size == (64, 64) for each in broken)
    shuffled = [each for each in broken if each.getextrema() == image.convert("L").getextrema()]
    assert shuffled  # of the gradient, not of the black picture
    for each in shuffled:
        assert sorted(each.tobytes()) == sorted(image.convert("L").tobytes())
        assert each.tobytes() != image.convert("L").tobytes()


def test_sizes_that_give_the_fakes_away_are_said(tmp_path):
    for folder, size in (("real", (8, 8)), ("fake", (6, 6))):
        (tmp_path / folder).mkdir()
        for number in range(2):
            Image.new("RGB", size).save(tmp_path / folder / f"{number}.png")
    *_, said = make_study(tmp_path / "out", tmp_path / "real", {"A": tmp_path / "fake"}, FEW)
    assert said.startswith("warning: the most frequent sizes differ, 8x8 (real), 6x6 (A);")


def test_what_cannot_be_read_is_named_and_nothing_is_left(tmp_path, folders):
    (tmp_path / "fake").mkdir()
    for number in range(10):
        (tmp_path / "fake" / f"{number}.png").write_bytes((folders / "other" / "fake01.png").read_bytes())
    (tmp_path / "fake" / "3.png").write_bytes((folders / "other" / "fake01.png").read_bytes()[:50])
    settings = Settings(practice=0, counted=4)
    with pytest.raises(ValueError, match=r"3\.png: cannot be read as a picture \("):
        make_study(tmp_path / "out", folders / "real", {"A": tmp_path / "fake"}, settings)
    assert [path.name for path in tmp_path.iterdir()] == ["fake"]


def test_too_few_pictures(make):
    with pytest.raises(ValueError, match=r"same: expected at least 15 pictures, .* got 14; add pictures"):
        make(practice=5, counted=10)
    with pytest.raises(ValueError, match=r"same: expected at least 10 pictures, .* got 9; raise --pictures"):
        make(pictures=9)
    with pytest.raises(ValueError, match=r"same: expected at least 16 pictures, .* got 14"):
        make(practice=0, counted=32, mode="single")


def test_a_folder_that_is_none_or_has_no_pictures(folders, tmp_path):
    (tmp_path / "empty").mkdir()
    for name, what in (("empty", "found none"), ("nowhere", "this does not exist")):
        with pytest.raises(ValueError, match=f"{name}: expected .*{what}"):
            make_study(tmp_path / "out", folders / "real", {"A": tmp_path / name}, FEW)


def test_an_existing_folder_is_not_replaced(make):
    make()
    with pytest.raises(FileExistsError, match="study: exists already; choose another name, or delete it"):
        make()


def test_a_damaged_study_is_refused(make):
    folder = make()
    stored = json.loads((folder / "study.json").read_text())
    picture = stored["broken"][0]
    for changes, what in (
        ({"format": 2}, "its format is 2, this version reads 1"),
        ({"broken": ["../../outside"]}, "a picture's id is not 32 hexadecimal digits"),
        ({"unknown": 1}, "unexpected keyword argument"),
    ):
        (folder / "study.json").write_text(json.dumps({**stored, **changes}))
        with pytest.raises(ValueError, match=rf"study\.json: is damaged \(.*{what}"):
            read_study(folder)
    (folder / "study.json").write_text(json.dumps(stored))
    picture_path(folder, picture).unlink()
    picture_path(folder, picture).symlink_to(folder / "study.json")
    with pytest.raises(ValueError, match=f"{picture}.png: expected a picture of the study"):
        check_pictures(read_study(folder), folder)
