"""Datasets of single, paired, unpaired and labeled images."""
