"""What every trainer promises, tried on a tiny model: ``arctic-gen test``."""
