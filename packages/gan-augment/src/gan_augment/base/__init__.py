"""What all augmentations share: random numbers, checks of arguments and images, the probability."""
