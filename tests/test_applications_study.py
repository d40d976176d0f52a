"""The study of CycleGAN's applications: scores before and after, titles, and too few images."""

import sys
from pathlib import Path

import pytest
import torch
from gan_data import write_pictures
from gan_trainers import OptionError

sys.path.append(
    str(Path(__file__).parents[1] / "examples" / "studies")
)  # last: a study is named as its recipe

import cyclegan_applications
from cyclegan_applications import Application, evaluate, require_test_images, score_table, title


def features(images):
    """The mean, and the mean difference of neighbors: two maps."""
    return [images, (images[..., 1:] - images[..., :-1]).abs()]


@pytest.fixture
def bright_to_dark(tmp_path):
    """Images of two kinds, and translations that are perfect."""
    torch.manual_seed(0)
    bright, dark = (sign * torch.rand(24, 3, 32, 32) for sign in (1, -1))
    names = [f"{index:02d}" for index in range(24)]
    write_pictures(tmp_path / "data", names[:20], trainA=bright[:20], trainB=dark[:20])
    write_pictures(tmp_path / "data", names[20:], testA=bright[20:], testB=dark[20:])
    a, b = bright[20:], dark[20:]
    pictures = tmp_path / "run/pictures"
    write_pictures(pictures / "a_to_b", names[20:], real=a, translated=b, reconstructed=a)
    write_pictures(pictures / "b_to_a", names[20:], real=b, translated=a, reconstructed=b)
    return Application("bright to dark", (tmp_path / "data",), 32, 32)


def test_translations_are_scored_beside_the_input(bright_to_dark, tmp_path):
    directions = [evaluate(bright_to_dark, tmp_path / "run", way, features) for way in ("a_to_b", "b_to_a")]
    for direction in directions:
        assert direction.scores["taken for real"] == (0, 1)
        before, after = direction.scores["kernel distance"]
        assert abs(after) < before / 10
        mean_image, reconstructed = direction.scores["reconstruction"]
        assert mean_image < 20 < 40 < reconstructed  # dB
    assert [title(each) for each in directions] == ["Bright to dark", "Dark to bright"]
    assert "| Dark to bright |" in score_table(directions)
    preset = directions[1].application._replace(name="bright to dark (preset)")
    assert title(directions[1]._replace(application=preset)) == "Dark to bright (preset)"


def test_a_single_test_image_is_too_few_to_measure(tmp_path):
    images = torch.linspace(-1, 1, 3).reshape(3, 1, 1, 1).expand(3, 3, 32, 32)
    write_pictures(tmp_path, ["0", "1", "2"], a=images, b=images)
    with pytest.raises(OptionError, match="expected 2 test images or more of each domain"):
        require_test_images(Application("few", (tmp_path / "a", tmp_path / "b"), 32, 32))


def test_all_applications_are_there_if_their_folders_are_given(tmp_path):
    options = cyclegan_applications.Options()
    assert len(list(cyclegan_applications.applications_of(options))) == 2
    options = cyclegan_applications.Options(style=tmp_path, season=tmp_path, focus=tmp_path)
    presets = [each.preset for each in cyclegan_applications.applications_of(options)]
    assert presets == ["paper"] * 3 + ["painting-to-photo", "paper", "photo-enhancement"]
