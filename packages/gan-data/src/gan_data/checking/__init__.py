"""`check` and the command `gan-data`. Needs no torch."""
