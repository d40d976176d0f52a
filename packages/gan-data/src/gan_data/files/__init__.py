"""Lists of image files: found, matched and split, without torch."""
