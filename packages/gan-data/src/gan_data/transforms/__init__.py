"""What is done to images: resizing, cropping, degrading, label maps as planes."""
