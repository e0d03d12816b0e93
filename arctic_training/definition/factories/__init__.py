"""Factories of a definition: built in, shared by a project, or defined in place."""
