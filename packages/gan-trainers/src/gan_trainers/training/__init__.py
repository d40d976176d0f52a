"""What a training loop uses beside `Run`."""
