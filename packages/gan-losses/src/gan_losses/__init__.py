"""Adversarial losses, gradient penalties and pixel losses as pure PyTorch functions."""

__version__ = "0.1.0"
