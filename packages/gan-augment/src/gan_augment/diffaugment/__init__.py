"""DiffAugment (Zhao et al. 2020) and the variants of it that were published."""
