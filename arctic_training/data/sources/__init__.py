"""Data sources: rows of files, hubs and functions, as typed items."""
