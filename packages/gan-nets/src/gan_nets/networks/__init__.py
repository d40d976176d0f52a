"""The papers' generators and discriminators: one network a file, in plain PyTorch."""
