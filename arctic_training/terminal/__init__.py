"""Terminal output: status of work in progress."""
