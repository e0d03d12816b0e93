"""The schema of all sections."""

from __future__ import annotations

import json

from arctic_training.config.sections import sections_schema
from arctic_training.project.resources import resource


def test_the_schema_is_what_the_models_say() -> None:
    """The file that the generator and the editors read has not drifted from the models.

    `python -m arctic_training.config.sections > schemas/sections.schema.json` mends it.
    """
    written = resource("schemas/sections.schema.json").read_text(encoding="utf-8")
    assert json.dumps(sections_schema(), indent=2) + "\n" == written
