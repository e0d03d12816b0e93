"""Prepared data: samples, rows and their report, in files that are mapped into memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from arctic_training.data.store.mapped_arrays import mapped
from arctic_training.data.store.preparation_report import PreparationReport, Taken
from arctic_training.data.store.samples import RowIndex, Sample, Samples

__all__ = [
    "Prepared",
    "read_rows",
    "read_samples",
    "read_taken",
    "write_rows",
    "write_samples",
    "write_taken",
]

_IDS: Final = "input_ids.int32"
_LOSS_MASK: Final = "loss_mask.bool"
_LENGTHS: Final = "lengths.int64"
_STARTS: Final = "starts.int64"
_ROW_SAMPLES: Final = "packed.int64"
_ROW_COUNTS: Final = "pack_lengths.int64"
_REPORT: Final = "report.json"
_TAKEN: Final = "taken.json"
_TAKEN_JSON: Final = TypeAdapter(tuple[Taken, ...])


@dataclass(frozen=True, slots=True)
class Prepared:
    """Samples, the rows that they make, and the report of how they were made."""

    samples: Samples
    row_index: RowIndex
    report: PreparationReport

    def with_taken(self, taken: tuple[Taken, ...]) -> Prepared:
        """Return the same data, with the sampled sources in the report."""
        return replace(self, report=replace(self.report, taken=taken))


def write_samples(folder: Path, samples: Iterable[Sample]) -> None:
    """Append samples to the files of a folder as they come; none is kept in memory."""
    with ExitStack() as files:
        ids, loss_mask, lengths = (
            files.enter_context((folder / name).open("wb")) for name in (_IDS, _LOSS_MASK, _LENGTHS)
        )
        for sample in samples:
            ids.write(sample.input_ids.astype(np.int32, copy=False).tobytes())
            loss_mask.write(sample.loss_mask.tobytes())
            lengths.write(np.int64(len(sample.input_ids)).tobytes())


def read_samples(folder: Path) -> Samples:
    """Return the samples of a folder, whose tokens are mapped into memory."""
    lengths = mapped(folder / _LENGTHS, np.int64)
    starts = np.cumsum(lengths) - lengths
    return _samples(folder, starts, lengths)


def write_taken(folder: Path, taken: Sequence[Taken]) -> None:
    """Write which sources were sampled for the samples of a folder."""
    (folder / _TAKEN).write_bytes(_TAKEN_JSON.dump_json(tuple(taken)))


def read_taken(folder: Path) -> tuple[Taken, ...]:
    """Return which sources were sampled for the samples of a folder."""
    return _TAKEN_JSON.validate_json((folder / _TAKEN).read_bytes())


def write_rows(folder: Path, prepared: Prepared) -> None:
    """Write the slices of the tokens that are samples, the row index, and the report."""
    prepared.samples.starts.tofile(folder / _STARTS)
    prepared.samples.lengths.tofile(folder / _LENGTHS)
    prepared.row_index.samples.tofile(folder / _ROW_SAMPLES)
    prepared.row_index.counts.tofile(folder / _ROW_COUNTS)
    (folder / _REPORT).write_text(prepared.report.as_json(), encoding="utf-8")
    lines = "\n".join([*prepared.report.lines(), ""])
    (folder / "report.txt").write_text(lines, encoding="utf-8")


def read_rows(folder: Path, tokens: Path) -> Prepared:
    """Return the rows of a folder, made of the tokens of another."""
    starts, lengths = (mapped(folder / name, np.int64) for name in (_STARTS, _LENGTHS))
    row_index = (mapped(folder / name, np.int64) for name in (_ROW_SAMPLES, _ROW_COUNTS))
    report = PreparationReport.of_json((folder / _REPORT).read_text(encoding="utf-8"))
    return Prepared(_samples(tokens, starts, lengths), RowIndex(*row_index), report)


def _samples(folder: Path, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Samples:
    ids, loss_mask = mapped(folder / _IDS, np.int32), mapped(folder / _LOSS_MASK, np.bool_)
    return Samples(ids, loss_mask, starts, lengths)
