"""Config fields of a definition: JSON Schema to typed fields."""
