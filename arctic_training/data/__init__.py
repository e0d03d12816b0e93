"""Sources of samples, data factories, batches and their loader."""
