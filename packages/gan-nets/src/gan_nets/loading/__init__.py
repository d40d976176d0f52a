"""Networks found in folders and in the folders of runs."""
