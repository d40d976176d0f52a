"""Image-quality metrics for translation models, averaged the way the papers do."""

__version__ = "0.1.0"
