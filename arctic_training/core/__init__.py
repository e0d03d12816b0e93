"""Runtime contracts: what components and engines know of each other."""
