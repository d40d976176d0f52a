from importlib.metadata import metadata
from importlib.resources import files

import gan_augment
from packaging.version import Version


def test_version_is_valid_and_that_of_the_distribution():
    assert str(Version(gan_augment.__version__)) == metadata("gan-augment")["Version"]


def test_type_checkers_may_read_it():
    assert files("gan_augment").joinpath("py.typed").is_file()
