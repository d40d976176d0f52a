"""What is done to images: resizing, cropping, degrading, and label maps as planes."""
