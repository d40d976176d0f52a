"""One training run: its loop, data, precision and state."""
