"""Trainer definitions: YAML or JSON text to a resolved definition."""
