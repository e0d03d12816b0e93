"""Optimizer factories."""
