"""Any picture or video through a network: opened, run, and restored to what it was."""
