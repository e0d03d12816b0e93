"""Rows to documents."""

from __future__ import annotations

from arctic_training.config.data import HFCausalSourceConfig
from arctic_training.data.sources.dataset import Items
from arctic_training.data.sources.huggingface import check_rows, load_rows
from arctic_training.data.sources.source_errors import Needed
from arctic_training.errors import RecipeError

__all__ = ["check_documents", "load_texts", "text_of"]


def check_documents(config: HFCausalSourceConfig) -> None:
    """Make sure that a local source has its column, without loading it.

    Raises:
        RecipeError: its pointer begins at the source.

    """
    check_rows(config, _needed(config))


def load_texts(config: HFCausalSourceConfig) -> Items[str]:
    """Return the documents of a source.

    Raises:
        RecipeError: the data set cannot be loaded, or a row is no text; its pointer begins at
            the source.

    """
    return load_rows(
        config, _needed(config), lambda row, number: text_of(row[config.column], number)
    )


def _needed(config: HFCausalSourceConfig) -> Needed:
    return {("column",): config.column}


def text_of(value: object, number: int) -> str:
    """Return the document of a row.

    Raises:
        RecipeError: it is no text.

    """
    if not isinstance(value, str):
        raise RecipeError(("column",), f"row {number} has no text there", code="wrong-data")
    return value
