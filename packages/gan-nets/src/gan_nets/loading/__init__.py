"""Find and load networks in folders of one network or of a training run."""
