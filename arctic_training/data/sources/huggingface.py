"""Rows of data sets of the Hugging Face hub, and of local files and folders.

The value of a row depends on nothing else: neither on other rows nor on the format of its file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Final, Protocol, TypeVar, cast

import numpy as np

from arctic_training.config.known_datasets import is_verified
from arctic_training.config.source import HFSourceConfig
from arctic_training.data.sources.dataset import Counted, Items, Numbers
from arctic_training.data.sources.files import Files, Saved, located_data
from arctic_training.data.sources.row_files import Row, file_columns, file_rows, stored
from arctic_training.data.sources.source_errors import (
    NO_ROWS,
    Needed,
    check_columns,
    check_splits,
    source_error_context,
)
from arctic_training.data.store.digests import digests_of_files
from arctic_training.hub.connection import settle_hub

__all__ = ["check_rows", "content_of_rows", "load_rows"]

T = TypeVar("T")

_AT_ONCE: Final = 1000
_LOCAL_SPLIT: Final = "train"


class _Rows(Protocol):
    column_names: list[str] | None

    def __len__(self) -> int: ...

    def select_columns(self, names: list[str]) -> _Rows: ...

    def select(self, numbers: Numbers) -> _Rows: ...

    def iter(self, batch_size: int) -> Iterator[dict[str, list[object]]]: ...


def check_rows(config: HFSourceConfig, needed: Needed, *others: Needed) -> None:
    """Make sure that a local source has what it needs; no more than its first rows are read.

    ``others`` are columns that do as well, where all of them are there.

    Raises:
        RecipeError: the path, the split or a column is missing; its pointer begins at the source.

    """
    match located_data(config.name_or_path):
        case Saved() as found:
            check_columns(config, _saved_rows(config, found).column_names or [], needed, *others)
        case Files() as found:
            _check_files(config, found, needed, *others)
        case None:
            pass


def load_rows(
    config: HFSourceConfig,
    needed: Needed,
    make: Callable[[Row, int], T],
    *others: Needed,
    taken: Iterable[str] = (),
) -> Items[T]:
    """Return what ``make`` makes of each row, of its needed columns, and of its number.

    ``others`` are columns that do as well, where all of them are there. Columns in ``taken`` are
    there in any case; where the data set does not have them, they are null.

    Raises:
        RecipeError: what cannot be loaded, or is not there; its pointer begins at the source.

    """
    choices = (needed, *others)

    def file_rows_of(found: Files) -> Iterator[Row]:
        chosen = _check_files(config, found, *choices)
        return file_rows(found.kind, found.paths, [*dict.fromkeys([*chosen.values(), *taken])])

    def counted() -> Counted[T]:
        found = located_data(config.name_or_path)
        with source_error_context(config):
            if isinstance(found, Files):
                rows = _part(config, stored(file_rows_of(found)))
            else:
                rows = _random_access(config, _loaded(config, found), choices, taken)
        return Counted(rows.count, lambda numbers: map(make, rows.load(numbers), map(int, numbers)))

    def stream() -> Iterator[T]:
        found = located_data(config.name_or_path)
        with source_error_context(config):
            if isinstance(found, Files):
                rows = file_rows_of(found)
            else:
                rows = _passing(config, _loaded(config, found, streaming=True), choices)
            for number, row in enumerate(rows):
                yield make(row, number)

    return Items(counted, stream)


def content_of_rows(config: HFSourceConfig) -> object:
    """Return what decides which rows there are, as JSON holds it.

    That is the content of files, and how they are read; for a set of the hub, its revision.

    Raises:
        RecipeError: it cannot be found; its pointer begins at the source.

    """
    found = located_data(config.name_or_path)
    with source_error_context(config):
        match found:
            case Files(kind, paths):
                return [kind, digests_of_files(paths)]
            case Saved(path):
                files = sorted(each for each in path.rglob("*") if each.is_file())
                names = [each.relative_to(path).as_posix() for each in files]
                return [names, digests_of_files(files)]
            case None:
                import datasets

                settle_hub()
                hub = datasets.load_dataset_builder(config.name_or_path)
                return [config.name_or_path, hub.config_id, hub.hash]


def _random_access(
    config: HFSourceConfig, rows: _Rows, choices: Sequence[Needed], taken: Iterable[str]
) -> Counted[Row]:
    """Return the rows of a set of `datasets`, of the columns that it has."""
    names = rows.column_names or []
    needed = check_columns(config, names, *choices)
    also = [column for column in taken if column in names]
    chosen = rows.select_columns([*dict.fromkeys([*needed.values(), *also])])

    def load(numbers: Numbers) -> Iterator[Row]:
        return _read(chosen if len(numbers) == len(chosen) else chosen.select(numbers))

    return Counted(len(rows), load)


def _passing(config: HFSourceConfig, rows: _Rows, choices: Sequence[Needed]) -> Iterator[Row]:
    """Iterate over the rows of a stream of `datasets`, whose columns its first row tells."""
    read = _read(rows)
    first = next(read, None)
    if first is not None:
        check_columns(config, [*first], *choices)
        yield from chain([first], read)


def _read(rows: _Rows) -> Iterator[Row]:
    """Iterate over rows; only a few are held at a time."""
    for columns in rows.iter(_AT_ONCE):
        for values in zip(*columns.values(), strict=True):
            yield dict(zip(columns, values, strict=True))


def _part(config: HFSourceConfig, rows: Counted[Row]) -> Counted[Row]:
    """Return the part of the rows of files that the source asks for."""
    if not rows.count:
        raise ValueError(NO_ROWS)
    if config.split == _LOCAL_SPLIT:
        return rows
    import datasets

    asked = datasets.ReadInstruction.from_spec(config.split)
    parts = asked.to_absolute({_LOCAL_SPLIT: rows.count})
    numbers = np.concatenate([np.arange(part.from_, part.to) for part in parts])
    return Counted(len(numbers), lambda chosen: rows.load(numbers[chosen]))


def _loaded(config: HFSourceConfig, found: Saved | None, *, streaming: bool = False) -> _Rows:
    import datasets

    datasets.disable_progress_bars()
    if found is not None:
        return _saved_rows(config, found)
    settle_hub()
    rows = datasets.load_dataset(
        config.name_or_path,
        split=config.split,
        streaming=streaming,
        verification_mode=None if is_verified(config.name_or_path) else "no_checks",
    )
    return cast("_Rows", rows)


def _saved_rows(config: HFSourceConfig, found: Saved) -> _Rows:
    """Return the split, or the parts of splits, of a folder; a set without splits is `train`."""
    import datasets

    with source_error_context(config):
        loaded = datasets.load_from_disk(str(found.path))
    splits = (
        loaded
        if isinstance(loaded, datasets.DatasetDict)
        else {str(loaded.split or "train"): loaded, "train": loaded}
    )
    check_splits(config, [*splits])
    with source_error_context(config):
        asked = datasets.ReadInstruction.from_spec(config.split)
        parts = asked.to_absolute({name: len(split) for name, split in splits.items()})
        rows = [splits[part.splitname].select(range(part.from_, part.to)) for part in parts]
        return cast("_Rows", datasets.concatenate_datasets(rows))


def _check_files(config: HFSourceConfig, found: Files, *choices: Needed) -> Needed:
    check_splits(config, [_LOCAL_SPLIT])
    with source_error_context(config):
        columns = file_columns(found.kind, found.paths, [each.values() for each in choices])
    return check_columns(config, columns, *choices)
