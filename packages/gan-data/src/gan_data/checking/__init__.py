"""The checks before training, as a function and as a command, without torch."""
