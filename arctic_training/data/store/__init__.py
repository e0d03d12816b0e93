"""Prepared data: packed rows, their cache, and the digests that identify them."""
