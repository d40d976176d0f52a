"""What a run writes for people: scalars, curves, previews, trackers."""
