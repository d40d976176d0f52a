"""The papers' networks: one paper's network a file."""
