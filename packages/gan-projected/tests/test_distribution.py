from importlib.metadata import metadata
from importlib.resources import files

import gan_projected
from gan_projected import interop
from packaging.version import Version


def test_version_is_valid_and_equals_the_distributions():
    assert str(Version(gan_projected.__version__)) == metadata("gan-projected")["Version"]


def test_type_hints_are_shipped():
    assert files("gan_projected").joinpath("py.typed").is_file()


def test_public_names():
    assert gan_projected.__all__ == ["Backbone", "MultiScaleHeads", "ProjectedDiscriminator", "Projector"]
    assert interop.__all__ == ["load_discriminator", "load_projector"]
