"""Engines: what runs the forward pass, the backward pass and the optimizer step."""
