"""Data factories: items to samples, samples to batches."""
