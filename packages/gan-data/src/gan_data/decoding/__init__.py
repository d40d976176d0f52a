"""From files to upright images and tensors, and back."""
