"""Networks in folders: configuration, weights, and a model card."""
