"""Sources of rows: data sets of the Hugging Face hub, and local files and folders.

The value of a row depends on nothing else: neither on other rows nor on the format of its file.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import ClassVar, Final, Generic, Protocol, TypeVar, cast

import numpy as np
from typing_extensions import override

from arctic_training.config.known_datasets import is_verified
from arctic_training.config.source import HFSourceConfig
from arctic_training.data.sources.dataset import Dataset, Indices, SizedDataset
from arctic_training.data.sources.files import Files, Saved, located_data
from arctic_training.data.sources.recognition import RowLayout, register_layout
from arctic_training.data.sources.row_files import Row, file_columns, file_rows, stored
from arctic_training.data.sources.source import Source
from arctic_training.data.sources.source_errors import (
    NO_ROWS,
    Needed,
    check_columns,
    check_splits,
    loading_error_context,
)
from arctic_training.data.store.digests import digests_of_files
from arctic_training.errors import RecipeError
from arctic_training.hub.connection import configure_hub_offline

__all__ = ["HFSource"]

T = TypeVar("T")
Section_co = TypeVar("Section_co", bound=HFSourceConfig, covariant=True)
Item_co = TypeVar("Item_co", covariant=True)

_AT_ONCE: Final = 1000
_LOCAL_SPLIT: Final = "train"


class _Rows(Protocol):
    column_names: list[str] | None

    def __len__(self) -> int: ...

    def select_columns(self, names: list[str]) -> _Rows: ...

    def select(self, numbers: Indices) -> _Rows: ...

    def iter(self, batch_size: int) -> Iterator[dict[str, list[object]]]: ...


class HFSource(Source[Section_co, Item_co], Generic[Section_co, Item_co]):
    """Rows of a data set, each of which becomes an item."""

    layout: ClassVar[RowLayout]
    """The rows that a subclass reads by default, for advice about rows of other types."""

    neutral_fields = frozenset({"name_or_path"})

    def __init_subclass__(cls) -> None:
        """Register the layout of a class that defines one."""
        super().__init_subclass__()
        if "layout" in vars(cls):
            register_layout(cls.layout)

    @property
    @override
    def label(self) -> str:
        return self.config.name_or_path

    @property
    @abstractmethod
    def column_choices(self) -> Sequence[Needed]:
        """The columns that rows need, then those that do as well where all of them are there."""

    @property
    def optional_columns(self) -> Iterable[str]:
        """Columns that are read where they are there; of files without them, they are null."""
        return ()

    @abstractmethod
    def item(self, row: Row, index: int) -> Item_co:
        """Return the item of a row.

        Raises:
            RecipeError: the row is malformed.

        """

    @override
    def check(self) -> None:
        match located_data(self.config.name_or_path):
            case Saved() as found:
                columns = _saved_rows(self.config, found).column_names or []
                check_columns(self.config, columns, *self.column_choices)
            case Files() as found:
                _check_files(self.config, found, self.column_choices)
            case None:
                pass

    @override
    def fingerprint(self) -> object:
        found = located_data(self.config.name_or_path)
        with loading_error_context(self.config):
            match found:
                case Files(kind, paths):
                    return [kind, digests_of_files(paths)]
                case Saved(path):
                    files = sorted(each for each in path.rglob("*") if each.is_file())
                    names = [each.relative_to(path).as_posix() for each in files]
                    return [names, digests_of_files(files)]
                case None:
                    return _revision(self.config.name_or_path)

    @override
    def items(self) -> Dataset[Item_co]:
        return self.rows_as(self.item)

    def rows_as(self, make: Callable[[Row, int], T]) -> Dataset[T]:
        """Return what ``make`` returns for each row and its index."""
        config, choices = self.config, self.column_choices

        def sized() -> SizedDataset[T]:
            found = located_data(config.name_or_path)
            with loading_error_context(config):
                if isinstance(found, Files):
                    rows = _part(config, stored(self._rows_of_files(found)))
                else:
                    opened = _loaded(config, found)
                    rows = _random_access(config, opened, choices, self.optional_columns)
            return SizedDataset(
                rows.count, lambda indices: map(make, rows.load(indices), map(int, indices))
            )

        def stream() -> Iterator[T]:
            found = located_data(config.name_or_path)
            with loading_error_context(config):
                if isinstance(found, Files):
                    rows = self._rows_of_files(found)
                else:
                    rows = _passing(config, _loaded(config, found, streaming=True), choices)
                for index, row in enumerate(rows):
                    yield make(row, index)

        return Dataset(sized, stream)

    def _rows_of_files(self, found: Files) -> Iterator[Row]:
        needed = _check_files(self.config, found, self.column_choices).values()
        columns = [*dict.fromkeys([*needed, *self.optional_columns])]
        return file_rows(found.kind, found.paths, columns)

    @override
    def stream_problems(self) -> Iterator[RecipeError]:
        if set("[+") & set(self.config.split):
            yield RecipeError(("split",), "a stream is of a whole split", code="conflict")


def _revision(name: str) -> list[object]:
    """Return what identifies a data set of the hub: its name, configuration and revision."""
    import datasets

    configure_hub_offline()
    hub = datasets.load_dataset_builder(name)
    return [name, hub.config_id, hub.hash]


def _random_access(
    config: HFSourceConfig, rows: _Rows, choices: Sequence[Needed], optional: Iterable[str]
) -> SizedDataset[Row]:
    """Return the rows of a set of `datasets`, of the columns that it has."""
    names = rows.column_names or []
    needed = check_columns(config, names, *choices)
    also = [column for column in optional if column in names]
    chosen = rows.select_columns([*dict.fromkeys([*needed.values(), *also])])

    def load(numbers: Indices) -> Iterator[Row]:
        return _read(chosen if len(numbers) == len(chosen) else chosen.select(numbers))

    return SizedDataset(len(rows), load)


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


def _part(config: HFSourceConfig, rows: SizedDataset[Row]) -> SizedDataset[Row]:
    """Return the part of the rows of files that the source asks for."""
    if not rows.count:
        raise ValueError(NO_ROWS)
    if config.split == _LOCAL_SPLIT:
        return rows
    import datasets

    asked = datasets.ReadInstruction.from_spec(config.split)
    parts = asked.to_absolute({_LOCAL_SPLIT: rows.count})
    numbers = np.concatenate([np.arange(part.from_, part.to) for part in parts])
    return SizedDataset(len(numbers), lambda chosen: rows.load(numbers[chosen]))


def _loaded(config: HFSourceConfig, found: Saved | None, *, streaming: bool = False) -> _Rows:
    import datasets

    datasets.disable_progress_bars()
    if found is not None:
        return _saved_rows(config, found)
    configure_hub_offline()
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

    with loading_error_context(config):
        loaded = datasets.load_from_disk(str(found.path))
    splits = (
        loaded
        if isinstance(loaded, datasets.DatasetDict)
        else {str(loaded.split or "train"): loaded, "train": loaded}
    )
    check_splits(config, [*splits])
    with loading_error_context(config):
        asked = datasets.ReadInstruction.from_spec(config.split)
        parts = asked.to_absolute({name: len(split) for name, split in splits.items()})
        rows = [splits[part.splitname].select(range(part.from_, part.to)) for part in parts]
        return cast("_Rows", datasets.concatenate_datasets(rows))


def _check_files(config: HFSourceConfig, found: Files, choices: Sequence[Needed]) -> Needed:
    check_splits(config, [_LOCAL_SPLIT])
    with loading_error_context(config):
        columns = file_columns(found.kind, found.paths, [each.values() for each in choices])
    return check_columns(config, columns, *choices)
