"""Layers and initializations that several networks share."""
