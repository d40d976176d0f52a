"""The augmentation pipeline of StyleGAN2-ADA (Karras et al. 2020)."""
