"""Generators and discriminators of the image-translation papers, one readable file each."""

__version__ = "0.1.0"
