"""Starting the processes of a run, and knowing one's place among them. Imports nothing heavy."""
