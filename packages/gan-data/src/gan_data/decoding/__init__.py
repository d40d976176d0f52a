"""From files to upright images and to tensors, and back."""
