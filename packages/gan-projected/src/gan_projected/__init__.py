"""Frozen features of pretrained networks, for discriminators and distances to stand on."""

from gan_projected._backbone import Backbone

__all__ = ["Backbone"]

__version__ = "0.1.0"
