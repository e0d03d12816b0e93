"""``arctic-train show-data``: print rows of batches, with the tokens that have loss marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby, islice, repeat
from typing import TYPE_CHECKING, TypeAlias

from rich.console import Console
from rich.text import Text

from arctic_training.diagnostics.plurals import counted

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

__all__ = ["show_rows"]

_Row: TypeAlias = list[tuple[int, bool]]
"""Tokens, and whether each is trained."""


def show_rows(
    tokenizer: PreTrainedTokenizerBase, batches: Iterator[Mapping[str, object]], number: int
) -> None:
    """Print the first rows of an epoch, or the first pairs of rows, without their padding.

    Tokens with loss are green on a terminal, and between ``[[`` and ``]]`` elsewhere.
    """
    console = Console(soft_wrap=True)
    for index, sides in enumerate(islice(_shown_together(batches), number), 1):
        for side, row in sides.items():
            what = f"{'pair' if len(sides) > 1 else 'row'} {index}{side}"
            trained = sum(is_trained for _, is_trained in row)
            amount = f"{counted(len(row), 'token')}, {trained:,} with loss"
            console.rule(f"{what}: {amount}", align="left")
            console.print(_marked(tokenizer, row, colours=console.is_terminal))


def _shown_together(batches: Iterator[Mapping[str, object]]) -> Iterator[dict[str, _Row]]:
    """Iterate over the sides of each pair by their names; without pairs, over single rows."""
    for batch in batches:
        rows = list(_rows(batch))
        match batch.get("num_pairs"):
            case int(count):
                both = zip(rows[:count], rows[count:], strict=True)
                yield from ({", chosen": one, ", rejected": other} for one, other in both)
            case _:
                yield from ({label: row} for label, row in zip(_labels(batch), rows, strict=False))


def _labels(batch: Mapping[str, object]) -> Iterator[str]:
    """Iterate over the labels of rows, which are empty where rows have none."""
    from torch import Tensor

    is_good = batch.get("is_good")
    if isinstance(is_good, Tensor):
        return (", good" if good else ", bad" for good in is_good.tolist())
    return repeat("")


def _rows(batch: Mapping[str, object]) -> Iterator[_Row]:
    """Iterate over rows: their tokens, and whether each is in the loss."""
    from torch import Tensor

    from arctic_training.data.batches import IGNORE_INDEX

    ids, labels, lengths = batch["input_ids"], batch["shift_labels"], batch["lengths"]
    assert isinstance(ids, Tensor)
    assert isinstance(labels, Tensor)
    assert isinstance(lengths, Tensor)
    for row, length in enumerate(lengths.tolist()):
        has_loss = [False, *(labels[row, : length - 1] != IGNORE_INDEX).tolist()]
        yield list(zip(ids[row, :length].tolist(), has_loss, strict=True))


def _marked(tokenizer: PreTrainedTokenizerBase, row: _Row, *, colours: bool) -> Text:
    text = Text()
    for is_trained, tokens in groupby(row, key=lambda token: token[1]):
        said = str(tokenizer.decode([token for token, _ in tokens]))
        if colours:
            text.append(said, style="bold green" if is_trained else "dim")
        else:
            text.append(f"[[{said}]]" if is_trained else said)
    return text
