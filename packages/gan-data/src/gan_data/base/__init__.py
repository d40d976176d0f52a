"""What every other room uses: errors and threads."""
