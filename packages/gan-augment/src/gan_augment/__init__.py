"""Differentiable augmentation for training GANs on few images."""

__version__ = "0.1.0"
