"""Base of data factories that tokenise: two steps, each of which is cached."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property, partial
from pathlib import Path
from typing import ClassVar, Final, Generic, TypeVar

from typing_extensions import override

from arctic_training.config.data import DataConfig
from arctic_training.config.source import DataSourceConfig
from arctic_training.data.factories.reading_modes import split_problems, streaming_problems
from arctic_training.data.factories.streamed_rows import streamed_rows
from arctic_training.data.factories.token_check import check_samples
from arctic_training.data.factory import DataFactory
from arctic_training.data.loading.loader import EpochLoader
from arctic_training.data.loading.stream import StreamLoader
from arctic_training.data.sources.dataset import InfiniteMixture, Split
from arctic_training.data.sources.mixture import Selection
from arctic_training.data.sources.source import Source, source_problems, sources_fingerprint
from arctic_training.data.store.cache import DataCache, NotCachedError
from arctic_training.data.store.digests import digest, digest_of_code, digest_of_tokenizer
from arctic_training.data.store.preparation_report import Taken, log_progress
from arctic_training.data.store.prepared_data import (
    Prepared,
    read_rows,
    read_samples,
    read_taken,
    write_rows,
    write_samples,
    write_taken,
)
from arctic_training.data.store.samples import Row, Rows, Sample, Samples
from arctic_training.diagnostics.plurals import counted
from arctic_training.errors import RecipeError
from arctic_training.fs.writable import why_not_writable

__all__ = ["PreparingDataFactory"]

Data_co = TypeVar("Data_co", bound=DataConfig, covariant=True)
BatchT = TypeVar("BatchT", bound=Mapping[str, object])

_NEUTRAL: Final = frozenset(
    {
        "cache_dir",
        "cache_fs_type",
        "div_length",
        "dl_num_workers",
        "eval_sources",
        "fail_on_missing_cache",
        "group_by_length",
        "num_proc",
        "pad_to",
        "seed",
        "shuffle_buffer",
        "sources",
        "streaming",
        "train_eval_split",
    }
)
"""Fields of a section that decide neither tokens nor rows; sources have a fingerprint."""


class PreparingDataFactory(DataFactory[Data_co, BatchT], Generic[Data_co, BatchT], abstract=True):
    """Tokenises samples, then makes rows of them.

    What each step made is kept under the digest of what decides it: a section that only differs
    in ``row_fields`` takes the tokens of another. A field of a section decides the tokens unless
    it is named as one that does not.
    """

    _renamed_members: ClassVar = {"arranged": "build_rows", "part": "selection"}

    row_fields: ClassVar[frozenset[str]] = frozenset({"max_length"})
    """Fields of the section that only say how samples become rows."""

    unit: ClassVar[str] = "sample"
    """What a row is made from, in one word."""

    samples_each: ClassVar[int] = 1
    """How many samples an item of a source becomes."""

    @property
    def groups_by_length(self) -> bool:
        """Whether rows of like length share a batch."""
        return False

    @cached_property
    def taken(self) -> list[Taken]:
        """The sources that are sampled, known once ``encoded`` is exhausted."""
        return []

    @abstractmethod
    def open_sources(self) -> Sequence[Source[DataSourceConfig, object]]:
        """Return the sources of the section; nothing is read yet."""

    @abstractmethod
    def encoded(self) -> Iterator[Sample]:
        """Load and tokenise everything, a few samples at a time.

        Raises:
            RecipeError: it cannot be loaded, or is not what it should be.

        """

    @abstractmethod
    def build_rows(self, read: Samples) -> Prepared:
        """Make rows of samples, looking at their lengths alone where that is enough."""

    @abstractmethod
    def collator(self) -> Callable[[list[Row]], BatchT]:
        """Return the function that makes a batch of rows."""

    @property
    def max_length(self) -> int:
        """Longest row of a batch, in tokens.

        Raises:
            RecipeError: neither the recipe nor the model says it.

        """
        if (length := self.config.max_length) is None:
            message = "the model does not say how long a row may be"
            hint = "set `max_length`"
            raise self.problem("max_length", message, code="missing-key", hint=hint)
        return length

    def token_inputs(self) -> list[object]:
        """Return what decides how strings are tokenised, as JSON holds it."""
        return [digest_of_tokenizer(self.trainer.tokenizer), digest_of_code(type(self))]

    @property
    def selection(self) -> Selection:
        """Which items of the sources this is made of; None: all of them."""
        if self.config.streaming:
            return InfiniteMixture(self.config.seed)
        _, share = self.config.train_eval_split
        return Split(share, self.config.seed, self.is_held_out) if share else None

    @property
    def is_streamed(self) -> bool:
        """Whether the data is read while training."""
        return self.config.streaming

    @override
    def problems(self) -> Iterator[RecipeError]:
        if not self.is_held_out:
            yield from source_problems(self, self.open_sources())
        if self.config is self.trainer.config.data:
            yield from self.option_problems()

    def option_problems(self) -> Iterator[RecipeError]:
        """Iterate over what is wrong with what the section says beside its sources."""
        config = self.config
        yield from split_problems(self, self.open_sources())
        if config.streaming:
            yield from streaming_problems(self, self.open_sources())
        is_kept = not (config.fail_on_missing_cache or config.streaming)
        folder = config.cache_dir if is_kept else None
        if folder and (reason := why_not_writable(folder)):
            yield self.problem("cache_dir", reason, code="not-writable")

    def _stream(self) -> EpochLoader[BatchT]:
        recipe = self.trainer.config
        self.trainer.note(f"streaming; of the first {counted(self.config.shuffle_buffer, 'item')}:")
        return StreamLoader(
            partial(streamed_rows, self),
            self.collator(),
            micro_batch_size=recipe.micro_batch_size,
            num_batches=recipe.train_iters * recipe.gradient_accumulation_steps,
        )

    @override
    def create(self) -> EpochLoader[BatchT]:
        if self.is_streamed:
            return self._stream()
        rows = self.rows(self.prepare())
        return EpochLoader(
            rows,
            self.collator(),
            micro_batch_size=self.trainer.config.micro_batch_size,
            seed=self.config.seed,
            num_workers=self.config.dl_num_workers,
            lengths=rows.lengths if self.groups_by_length else None,
        )

    def rows(self, prepared: Prepared) -> Rows:
        """Report, and return the rows.

        Raises:
            RecipeError: there is nothing to train on.

        """
        self.trainer.note("\n".join(self.lines(prepared)))
        if not prepared.report.loss_tokens:
            hint = f"`max_length` is {self.max_length}"
            use = "evaluate" if self.is_evaluated else "train"
            message = f"no {self.unit} is left to {use} on"
            raise self.problem("sources", message, code="no-data", hint=hint)
        return Rows(prepared.samples, prepared.row_index)

    def lines(self, prepared: Prepared) -> Iterator[str]:
        """Iterate over the lines of the report that is printed."""
        return prepared.report.lines()

    def prepare(self) -> Prepared:
        """Return the data from the cache; what is not there is prepared first.

        Raises:
            RecipeError: it cannot be prepared, or is not in the cache and has to be.

        """
        cache = self._cache()
        tokens_key, rows_key = self._keys()

        def tokenise(folder: Path) -> None:
            self.taken.clear()
            write_samples(
                folder, log_progress(check_samples(self, self.encoded()), self.trainer.note)
            )
            write_taken(folder, self.taken)

        def arrange(folder: Path) -> None:
            write_rows(folder, self.build_rows(read_samples(tokens)).with_taken(read_taken(tokens)))

        try:
            tokens = cache.folder("tokens", tokens_key, tokenise)
            return read_rows(cache.folder("rows", rows_key, arrange), tokens)
        except NotCachedError as error:
            raise self.problem(
                "fail_on_missing_cache",
                f"the prepared data is not in the cache: there is no {error}",
                code="not-found",
                hint="prepare it with `arctic-train process-data` and this recipe",
            ) from error
        except OSError as error:
            message = f"the cache `{cache.root}` cannot be used: {error.strerror or error}"
            raise self.problem("cache_dir", message, code="not-writable") from error

    def _cache(self) -> DataCache:
        config = self.config
        return DataCache.at(
            config.cache_dir, self.trainer.note, is_complete=config.fail_on_missing_cache
        )

    def _keys(self) -> tuple[str, str]:
        """Return the digests of what decides the tokens, and of what decides the rows."""
        options = self.config.model_dump(mode="json", exclude={*_NEUTRAL})
        for_rows = {name: options.pop(name) for name in sorted(self.row_fields & {*options})}
        sources = sources_fingerprint(self, self.open_sources())
        split = asdict(self.selection) if isinstance(self.selection, Split) else None
        checked = [self.token_limit.rows] if self.token_limit else []
        tokens = digest([options, sources, split, self.token_inputs(), *checked])
        return tokens, digest([tokens, for_rows])
