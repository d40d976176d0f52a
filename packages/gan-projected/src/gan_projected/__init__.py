"""Frozen features of pretrained networks, for discriminators and distances to stand on."""

from gan_projected._backbone import Backbone
from gan_projected._discriminator import ProjectedDiscriminator
from gan_projected._heads import MultiScaleHeads
from gan_projected._projector import Projector

__all__ = ["Backbone", "MultiScaleHeads", "ProjectedDiscriminator", "Projector"]

__version__ = "0.1.0"
