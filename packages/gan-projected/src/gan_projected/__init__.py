"""Projected discriminators on frozen, pretrained features."""

__version__ = "0.1.0"
