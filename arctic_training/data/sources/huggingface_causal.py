"""Documents of the Hugging Face hub and of local files: a column of text."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import override

from arctic_training.config.data import HFCausalSourceConfig
from arctic_training.data.sources.huggingface import HFSource
from arctic_training.data.sources.recognition import RowLayout
from arctic_training.data.sources.row_files import Row
from arctic_training.data.sources.source_errors import Needed
from arctic_training.errors import RecipeError

__all__ = ["HFCausalSource", "document_from"]


class HFCausalSource(HFSource[HFCausalSourceConfig, str]):
    """Rows with a document each."""

    layout = RowLayout("huggingface_causal", "documents", frozenset({"text"}), "causal")

    @property
    @override
    def column_choices(self) -> Sequence[Needed]:
        return [{("column",): self.config.column}]

    @override
    def item(self, row: Row, index: int) -> str:
        return document_from(row[self.config.column], index)


def document_from(value: object, index: int) -> str:
    """Return the document of a row.

    Raises:
        RecipeError: it is not a string.

    """
    if not isinstance(value, str):
        raise RecipeError(("column",), f"row {index} has no string there", code="wrong-data")
    return value
