"""Checkpoint engines: each saves a trainer in its own form, and may load it again."""
