"""Frozen features of pretrained networks, for projected discriminators and feature distances."""

from gan_projected._backbone import Backbone
from gan_projected._discriminator import ProjectedDiscriminator
from gan_projected._heads import MultiScaleHeads
from gan_projected._projector import Projector
from gan_projected._version import __version__ as __version__

__all__ = ["Backbone", "MultiScaleHeads", "ProjectedDiscriminator", "Projector"]
