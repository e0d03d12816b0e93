"""Functions that are called before and after each phase of a run."""
