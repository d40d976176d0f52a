"""Image folders for adversarial training: unpaired, paired, degraded, checked before they are used."""

__version__ = "0.1.0"
