"""What ``arctic-train show-data`` prints: rows of batches, with their trained tokens marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby, islice
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

__all__ = ["show_rows"]


def show_rows(
    tokenizer: PreTrainedTokenizerBase, batches: Iterator[Mapping[str, object]], number: int
) -> None:
    """Print the first rows of an epoch, without their padding.

    Trained tokens are green on a terminal, and stand between ``[[`` and ``]]`` elsewhere.
    """
    console = Console(soft_wrap=True)
    for index, row in enumerate(islice(_rows(batches), number), 1):
        trained = sum(is_trained for _, is_trained in row)
        console.rule(f"row {index}: {len(row):,} tokens, {trained:,} of them trained", align="left")
        console.print(_marked(tokenizer, row, colours=console.is_terminal))


def _rows(batches: Iterator[Mapping[str, object]]) -> Iterator[list[tuple[int, bool]]]:
    """Iterate over rows: their tokens, and whether each is trained."""
    from torch import Tensor

    from arctic_training.data.batches import IGNORED

    for batch in batches:
        ids, labels, lengths = batch["input_ids"], batch["labels"], batch["lengths"]
        assert isinstance(ids, Tensor)
        assert isinstance(labels, Tensor)
        assert isinstance(lengths, Tensor)
        for row, length in enumerate(lengths.tolist()):
            own = (labels[row, :length] != IGNORED).tolist()
            yield list(zip(ids[row, :length].tolist(), own, strict=True))


def _marked(
    tokenizer: PreTrainedTokenizerBase, row: list[tuple[int, bool]], *, colours: bool
) -> Text:
    text = Text()
    for is_trained, tokens in groupby(row, key=lambda token: token[1]):
        said = str(tokenizer.decode([token for token, _ in tokens]))
        if colours:
            text.append(said, style="bold green" if is_trained else "dim")
        else:
            text.append(f"[[{said}]]" if is_trained else said)
    return text
