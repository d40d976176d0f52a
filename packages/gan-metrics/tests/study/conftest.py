"""Folders of small pictures, studies of them, and people who take part."""

import random
from statistics import NormalDist

import pytest
from gan_metrics.study.make import make_study
from gan_metrics.study.settings import Settings
from PIL import Image


def write_pictures(folder, names, color):
    folder.mkdir(parents=True)
    for number, name in enumerate(names):
        Image.new("RGB", (12, 8), (color, number, 0)).save(folder / name)


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Real pictures, fakes of the same names, and fakes of other names."""
    root = tmp_path_factory.mktemp("pictures")
    write_pictures(root / "real", [f"{number:02}.png" for number in range(16)], 0)
    write_pictures(root / "same", [f"{number:02}.bmp" for number in range(14)], 100)
    write_pictures(root / "other", [f"fake{number:02}.png" for number in range(15)], 200)
    return root


@pytest.fixture
def make(folders, tmp_path):
    """Makes a study of those folders, with other settings if given; returns its folder."""

    def run(name="study", fakes=("same", "other"), **changes):
        settings = Settings(**{"practice": 2, "counted": 8, "attention": 2, **changes})
        make_study(tmp_path / name, folders / "real", {each: folders / each for each in fakes}, settings)
        return tmp_path / name

    return run


class Rater:
    """A participant who sees how real pictures are, with a normal error.

    Real pictures are `sensitivity` (d') standard deviations more real than fakes, and broken ones 100 less.
    """

    def __init__(self, sensitivity, seed):
        self.sensitivity = sensitivity
        self.normal = NormalDist()
        self.rng = random.Random(seed)

    def answer(self, trial):
        """The side that seems more real; or "real" for what seems more real than half of d'."""
        seems = [self._see(trial, index) for index in range(len(trial.pictures))]
        if len(seems) == 2:
            return "left" if seems[0] > seems[1] else "right"
        return "real" if seems[0] > self.sensitivity / 2 else "fake"

    def _see(self, trial, index):
        is_real = trial.truth == "real" or trial.truth == ("left", "right")[index]
        error = self.normal.inv_cdf(1 - self.rng.random())
        broken = trial.part == "attention" and not is_real
        return error + self.sensitivity * is_real - 100 * broken


@pytest.fixture(scope="session")
def rater():
    return Rater


@pytest.fixture
def take_part():
    """Lets a rater take part in a study that is served; returns the session."""

    def run(server, rater):
        _, session = server.begin()
        for number, trial in enumerate(server._plan(session)):
            body = {"trial": number, "answer": rater.answer(trial), "milliseconds": 400, "shown": 1000}
            server.answer(session, body)
        return session

    return run
