"""Layers, initializations and checks that several networks share."""
