"""What the objectives of several papers share."""
