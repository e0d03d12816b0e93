"""The page of a run: the curves of its figures, its recipe and where it ran."""
