"""A type-checked, schema-first code generator for LLM post-training, and the runtime under it."""
