"""Processes, files and errors: what all other rooms build on."""
