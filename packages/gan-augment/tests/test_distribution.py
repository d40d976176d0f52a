from importlib.metadata import metadata
from importlib.resources import files

import gan_augment
from packaging.version import Version


def test_version_is_valid_and_equals_the_distributions():
    assert str(Version(gan_augment.__version__)) == metadata("gan-augment")["Version"]


def test_type_hints_are_shipped():
    assert files("gan_augment").joinpath("py.typed").is_file()
