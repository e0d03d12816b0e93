"""Trackers of experiments: where the figures of a run go beside the terminal."""
