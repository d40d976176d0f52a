"""Options of recipes: their ranges, what all recipes share, and the command line."""
