"""Rows of data sets of the Hugging Face hub, and of local files and folders."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, Protocol, TypeAlias, TypeVar, cast

from arctic_training.config.known_sets import is_verified
from arctic_training.config.source import HFSourceConfig
from arctic_training.data.digests import digest, digests_of_files
from arctic_training.data.files import Files, Saved, located_data
from arctic_training.data.items import Counted, Items, Numbers
from arctic_training.data.recognised import advice_for
from arctic_training.diagnostics import did_you_mean, known_words, nearest
from arctic_training.errors import Pointer, RecipeError
from arctic_training.model.hub import settle_hub
from arctic_training.model.loading import LOADING_HINT, first_line

__all__ = ["Needed", "Row", "check_rows", "content_of_rows", "load_rows"]

T = TypeVar("T")

Row: TypeAlias = Mapping[str, object]
Needed: TypeAlias = Mapping[Pointer, str]
"""Columns that a source needs, by the place in its section that asks for each."""

_AT_ONCE: Final = 1000
_FILE: Final = ("name_or_path",)
_SPLIT: Final = re.compile(r"\w[\w.-]*")


class _Rows(Protocol):
    column_names: list[str] | None

    def __len__(self) -> int: ...

    def select_columns(self, names: list[str]) -> _Rows: ...

    def select(self, numbers: Numbers) -> _Rows: ...

    def iter(self, batch_size: int) -> Iterator[dict[str, list[object]]]: ...


def check_rows(config: HFSourceConfig, needed: Needed, *others: Needed) -> None:
    """Make sure that a local source has what it needs; no more than a first line is read.

    ``others`` are columns that do as well, where all of them are there.

    Raises:
        RecipeError: the path, the split or a column is missing; its pointer begins at the source.

    """
    match located_data(config.name_or_path):
        case Saved() as found:
            names = _saved_rows(config, found).column_names or []
            _check_columns(config, names, _applying(names, needed, *others))
        case Files() as found:
            _check_splits(config, ["train"])
            with _Explaining(config):
                columns = found.column_names()
            _check_columns(config, columns, _applying(columns, needed, *others))
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
    there in any case if the data set has them.

    Raises:
        RecipeError: what cannot be loaded, or is not there; its pointer begins at the source.

    """

    def counted() -> Counted[T]:
        found = located_data(config.name_or_path)
        with _Explaining(config):
            rows = _loaded(config, found, streaming=False)
        names = rows.column_names or []
        wanted = _applying(names, needed, *others)
        _check_columns(config, names, wanted)
        also = [column for column in taken if column in names]
        chosen = rows.select_columns([*dict.fromkeys([*wanted.values(), *also])])
        return Counted(
            len(rows), lambda numbers: map(make, _some(chosen, numbers), map(int, numbers))
        )

    def stream() -> Iterator[T]:
        found = located_data(config.name_or_path)
        with _Explaining(config):
            for number, row in enumerate(_read(_loaded(config, found, streaming=True))):
                if not number:
                    _check_columns(config, [*row], _applying([*row], needed, *others))
                yield make(row, number)

    return Items(counted, stream)


def content_of_rows(config: HFSourceConfig) -> object:
    """Return what decides which rows there are, as JSON holds it.

    That is the content of files, and how they are read; for a set of the hub, its revision.

    Raises:
        RecipeError: it cannot be found; its pointer begins at the source.

    """
    found = located_data(config.name_or_path)
    with _Explaining(config):
        match found:
            case Files(builder, paths, options):
                return [builder, options, digests_of_files(paths)]
            case Saved(path):
                files = sorted(each for each in path.rglob("*") if each.is_file())
                names = [each.relative_to(path).as_posix() for each in files]
                return [names, digests_of_files(files)]
            case None:
                import datasets

                settle_hub()
                hub = datasets.load_dataset_builder(config.name_or_path)
                return [config.name_or_path, hub.config_id, hub.hash]


def _some(rows: _Rows, numbers: Numbers) -> Iterator[Row]:
    """Iterate over the rows with these numbers."""
    return _read(rows if len(numbers) == len(rows) else rows.select(numbers))


def _read(rows: _Rows) -> Iterator[Row]:
    """Iterate over rows; only a few are held at a time."""
    for columns in rows.iter(_AT_ONCE):
        for values in zip(*columns.values(), strict=True):
            yield dict(zip(columns, values, strict=True))


def _loaded(config: HFSourceConfig, found: Files | Saved | None, *, streaming: bool) -> _Rows:
    import datasets

    datasets.disable_progress_bars()
    match found:
        case None:
            settle_hub()
            rows = datasets.load_dataset(
                config.name_or_path,
                split=config.split,
                streaming=streaming,
                verification_mode=None if is_verified(config.name_or_path) else "no_checks",
            )
            return cast("_Rows", rows)
        case Saved():
            return _saved_rows(config, found)
        case Files(builder, paths, options):
            _check_splits(config, ["train"])
            # `datasets` keeps a copy by name; named by content, it is never that of older files.
            name = "stream" if streaming else digest(digests_of_files(paths))[:16]
            rows = datasets.load_dataset(
                builder,
                name,
                data_files=[*map(str, paths)],
                split=config.split,
                streaming=streaming,
                **dict(options),
            )
            return cast("_Rows", rows)


def _saved_rows(config: HFSourceConfig, found: Saved) -> _Rows:
    """Return the split, or the parts of splits, of a folder; a set without splits is `train`."""
    import datasets

    with _Explaining(config):
        loaded = datasets.load_from_disk(str(found.path))
    splits = (
        loaded
        if isinstance(loaded, datasets.DatasetDict)
        else {str(loaded.split or "train"): loaded, "train": loaded}
    )
    _check_splits(config, [*splits])
    with _Explaining(config):
        asked = datasets.ReadInstruction.from_spec(config.split)
        parts = asked.to_absolute({name: len(split) for name, split in splits.items()})
        rows = [splits[part.splitname].select(range(part.from_, part.to)) for part in parts]
        return cast("_Rows", datasets.concatenate_datasets(rows))


def _check_splits(config: HFSourceConfig, names: list[str]) -> None:
    """Make sure that all splits that a source names are there; parts of them are fine."""
    for name in _SPLIT.findall(re.sub(r"\[[^\]]*\]", "", config.split)):
        if name not in names:
            message = f"the data set `{config.name_or_path}` has no split `{name}`"
            raise RecipeError(("split",), message, code="not-found", hint=did_you_mean(name, names))


def _applying(columns: Collection[str], *choices: Needed) -> Needed:
    """Return the first choice whose columns are all there, or else the first."""
    fitting = (each for each in choices if {*each.values()} <= {*columns})
    return next(fitting, choices[0])


def _check_columns(config: HFSourceConfig, columns: list[str], needed: Needed) -> None:
    """Make sure that the columns are there that a source needs, if it is known which there are.

    One that the recipe does not name is its type's own: the file is what does not fit.
    """
    for pointer, column in needed.items() if columns else ():
        if column not in columns:
            is_named = pointer != _FILE and pointer[0] in config.model_fields_set
            otherwise = (
                did_you_mean(column, columns) if is_named else _named(pointer, column, columns)
            )
            raise RecipeError(
                pointer if is_named else _FILE,
                f"there is no column `{column}`",
                code="not-found",
                hint=advice_for(columns, _type(config)) or otherwise,
            )


def _type(config: HFSourceConfig) -> str:
    return str(config.model_dump(include={"type"})["type"])


def _named(pointer: Pointer, column: str, columns: list[str]) -> str:
    """Return how a recipe names a column that has another name than usual."""
    if pointer == _FILE:
        return f"say in `role_mapping` which column has whose words: {known_words(columns)}"
    meant = nearest(column, columns)
    return f"write `{pointer[0]}: {meant or 'NAME'}`; there are {known_words(columns)}"


def _reason(error: Exception) -> str:
    """Return what `datasets` says, or the reader whose error it passes on without a word of it."""
    import datasets

    if isinstance(error, StopIteration) or "corresponds to no data" in str(error):
        return "it has no rows"
    is_passed_on = isinstance(error, datasets.exceptions.DatasetGenerationError)
    cause = error.__cause__ if is_passed_on else None
    return first_line(cause if isinstance(cause, Exception) else error)


class _Explaining:
    """Turns what `datasets` raises, its readers' and clients' errors, into errors of the recipe."""

    def __init__(self, config: HFSourceConfig) -> None:
        self._config = config

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if not isinstance(error, Exception) or isinstance(error, RecipeError):
            return
        name, reason = self._config.name_or_path, _reason(error)
        field = "split" if reason.startswith(("Unknown split", "Bad split")) else "name_or_path"
        hint = "" if field == "split" or Path(name).is_absolute() else LOADING_HINT
        message = f"the data set `{name}` cannot be loaded: {reason}"
        raise RecipeError((field,), message, code="not-found", hint=hint) from error
