"""The Hugging Face hub: connection, and errors of loading by name or from a folder."""
