"""Tokenizer factories."""
