"""What all other rooms need: errors, findings, and threads."""
