"""Kernels that compute the same as torch's layers, faster on a CPU."""
