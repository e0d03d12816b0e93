"""Models of recipes. Nothing here imports torch."""
