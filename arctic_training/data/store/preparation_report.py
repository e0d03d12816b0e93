"""Report of a preparation: every token that was read is accounted for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from arctic_training.data.store.samples import Sample, Samples
from arctic_training.diagnostics.plurals import counted

__all__ = ["Dropped", "PreparationReport", "Taken", "log_progress", "preparation_report"]

_BAR: Final = 30
_LOOKS: Final = 1000
_PAUSE: Final = 15.0
"""Seconds between two lines about a preparation that takes long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """What was dropped for one reason; of a truncated sample, tokens alone."""

    reason: str
    samples: int
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """How many samples the recipe takes of a source, and of how many, where that is not all."""

    source: str
    """Its name when it was read: a copy under another name has the same prepared data."""

    samples: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparationReport:
    """A preparation of data: ``tokens_read`` are ``tokens`` and those of all ``dropped``.

    ``histogram`` has the number of samples of each length, from the length that ends the class
    before to that one. ``fill`` is the part of the rows' room that holds tokens; None where
    samples are not packed.
    """

    samples_read: int
    tokens_read: int
    dropped: tuple[Dropped, ...]
    samples: int
    tokens: int
    loss_tokens: int
    histogram: tuple[tuple[int, int], ...]
    rows: int
    fill: float | None
    taken: tuple[Taken, ...] = ()
    """The sources that are sampled; the rest of them is not read."""

    def as_json(self) -> str:
        """Return the report as JSON."""
        return _JSON.dump_json(self, indent=2).decode()

    @classmethod
    def of_json(cls, text: str) -> PreparationReport:
        """Return the report that ``as_json`` wrote."""
        return _JSON.validate_json(text)

    def lines(self) -> Iterator[str]:
        """Iterate over the lines of the report as text."""
        yield (f"data: {_amount(self.samples, self.tokens)}, {self.loss_tokens:,} with loss")
        for taken in self.taken:
            yield f"{taken.source}: {taken.samples:,} of {counted(taken.of, 'sample')} taken"
        yield f"read: {_amount(self.samples_read, self.tokens_read)}"
        for each in self.dropped:
            yield f"left out: {_amount(each.samples, each.tokens)}: {each.reason}"
        if self.fill is not None:
            yield f"packed: {counted(self.rows, 'row')}, {self.fill:.2%} full"
        yield from self._bars()

    def _bars(self) -> Iterator[str]:
        most = max((number for _, number in self.histogram), default=0)
        width = len(f"{max((length for length, _ in self.histogram), default=0):,}")
        for length, number in self.histogram:
            bar = "#" * -(-_BAR * number // most)
            noun = "token" if length == 1 else "tokens"
            yield f"  to {length:>{width},} {noun:6}  {bar:{_BAR}} {number:,}"


_JSON: Final = TypeAdapter(PreparationReport)


def _amount(samples: int, tokens: int) -> str:
    return f"{counted(samples, 'sample')}, {counted(tokens, 'token')}"


def preparation_report(
    *,
    read: Samples,
    dropped: tuple[Dropped, ...],
    samples: Samples,
    rows: int,
    row_length: int | None,
) -> PreparationReport:
    """Return the report; ``row_length`` is the room of a row where samples are packed."""
    tokens = samples.num_tokens
    return PreparationReport(
        samples_read=len(read),
        tokens_read=read.num_tokens,
        dropped=tuple(each for each in dropped if each.samples or each.tokens),
        samples=len(samples),
        tokens=tokens,
        loss_tokens=int(samples.num_loss_tokens.sum()),
        histogram=tuple(_histogram(samples.lengths)),
        rows=rows,
        fill=tokens / (rows * row_length) if row_length and rows else None,
    )


def _histogram(lengths: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Count samples by length, in classes that double."""
    classes = np.ceil(np.log2(np.maximum(lengths, 1))).astype(np.int64)
    if len(lengths):
        counts = np.bincount(classes)
        for size in range(int(classes.min()), len(counts)):
            yield 2**size, int(counts[size])


def log_progress(samples: Iterable[Sample], note: Callable[[str], None]) -> Iterator[Sample]:
    """Iterate over samples, and note from time to time how many have been made."""
    tokens, noted = 0, time.monotonic()
    for number, sample in enumerate(samples, 1):
        tokens += len(sample.input_ids)
        if number % _LOOKS == 0 and time.monotonic() - noted > _PAUSE:
            noted = time.monotonic()
            note(f"preparing: {_amount(number, tokens)} so far")
        yield sample
