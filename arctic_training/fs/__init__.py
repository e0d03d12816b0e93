"""Files and folders: written atomically, locked, and probed; errors of the disk."""
