"""The perceptual study: people tell real pictures from fake ones on a local web page."""
