"""Projects: where their files are, and what was generated from what."""
