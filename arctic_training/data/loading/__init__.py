"""Data loading: batches of an epoch, from prepared or streamed rows."""
