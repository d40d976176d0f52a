"""Exact, differentiable colour spaces for image models in PyTorch."""

__version__ = "0.1.0"
