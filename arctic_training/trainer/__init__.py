"""The trainer, its loop, and the engine under it."""
