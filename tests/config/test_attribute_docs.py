"""What the fields of a model mean, as its schema says it."""

from __future__ import annotations

from arctic_training.config.attribute_docs import attribute_docs
from arctic_training.config.base import Config


class _Base(Config, frozen=True):
    """A base."""

    kept: int = 1
    """Of the base."""

    replaced: int = 1
    """Of the base as well."""

    bare: int = 1


class _Derived(_Base, frozen=True):
    """A model that says some things anew."""

    replaced: int = 2
    """Of the model,
    in two lines."""

    silent: int = 3

    added: int = 4
    """Added."""


def test_each_field_has_the_text_under_it() -> None:
    """A field that a model has from its base keeps the base's text; one without text has none."""
    docs = attribute_docs(_Derived)
    assert docs == {
        "kept": "Of the base.",
        "replaced": "Of the model,\nin two lines.",
        "bare": "",
        "silent": "",
        "added": "Added.",
    }
    shown = _Derived.model_json_schema()["properties"]
    found = {name: schema.get("description", "") for name, schema in shown.items()}
    assert docs == found
