"""Image files on disk: found, matched and split. Needs no torch."""
