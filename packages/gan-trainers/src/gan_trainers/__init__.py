"""The loop's tools: devices, precision, several processes, checkpoints, logs; and the papers' objectives."""

__version__ = "0.1.0"
