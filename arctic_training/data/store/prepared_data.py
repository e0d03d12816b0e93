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
from arctic_training.data.store.samples import Packs, Sample, Samples

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
_TRAINED: Final = "trained.bool"
_LENGTHS: Final = "lengths.int64"
_STARTS: Final = "starts.int64"
_PACKED: Final = "packed.int64"
_PACK_LENGTHS: Final = "pack_lengths.int64"
_REPORT: Final = "report.json"
_TAKEN: Final = "taken.json"
_TAKEN_JSON: Final = TypeAdapter(tuple[Taken, ...])


@dataclass(frozen=True, slots=True)
class Prepared:
    """Samples, the packs of them that make rows, and what became of all that was read."""

    samples: Samples
    packs: Packs
    report: PreparationReport

    def of(self, taken: tuple[Taken, ...]) -> Prepared:
        """Return the same data, whose report says how much of its sources was taken."""
        return replace(self, report=replace(self.report, taken=taken))


def write_samples(folder: Path, samples: Iterable[Sample]) -> None:
    """Write samples one behind the other as they come; none is held."""
    with ExitStack() as files:
        ids, trained, lengths = (
            files.enter_context((folder / name).open("wb")) for name in (_IDS, _TRAINED, _LENGTHS)
        )
        for sample in samples:
            ids.write(sample.input_ids.astype(np.int32, copy=False).tobytes())
            trained.write(sample.trained.tobytes())
            lengths.write(np.int64(len(sample.input_ids)).tobytes())


def read_samples(folder: Path) -> Samples:
    """Return the samples of a folder; their tokens stay in its files."""
    lengths = mapped(folder / _LENGTHS, np.int64)
    starts = np.cumsum(lengths) - lengths
    return _samples(folder, starts, lengths)


def write_taken(folder: Path, taken: Sequence[Taken]) -> None:
    """Write of which sources the samples of a folder are a part."""
    (folder / _TAKEN).write_bytes(_TAKEN_JSON.dump_json(tuple(taken)))


def read_taken(folder: Path) -> tuple[Taken, ...]:
    """Return of which sources the samples of a folder are a part."""
    return _TAKEN_JSON.validate_json((folder / _TAKEN).read_bytes())


def write_rows(folder: Path, prepared: Prepared) -> None:
    """Write which stretches of the tokens are samples, which samples make a row, and the report."""
    prepared.samples.starts.tofile(folder / _STARTS)
    prepared.samples.lengths.tofile(folder / _LENGTHS)
    prepared.packs.numbers.tofile(folder / _PACKED)
    prepared.packs.lengths.tofile(folder / _PACK_LENGTHS)
    (folder / _REPORT).write_text(prepared.report.as_json(), encoding="utf-8")
    lines = "\n".join([*prepared.report.lines(), ""])
    (folder / "report.txt").write_text(lines, encoding="utf-8")


def read_rows(folder: Path, tokens: Path) -> Prepared:
    """Return the rows of a folder, made of the tokens of another."""
    starts, lengths = (mapped(folder / name, np.int64) for name in (_STARTS, _LENGTHS))
    packs = (mapped(folder / name, np.int64) for name in (_PACKED, _PACK_LENGTHS))
    report = PreparationReport.of_json((folder / _REPORT).read_text(encoding="utf-8"))
    return Prepared(_samples(tokens, starts, lengths), Packs(*packs), report)


def _samples(folder: Path, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Samples:
    ids, trained = mapped(folder / _IDS, np.int32), mapped(folder / _TRAINED, np.bool_)
    return Samples(ids, trained, starts, lengths)
