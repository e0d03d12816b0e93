"""Rows of streamed sources: read, built and shuffled some at a time, and never kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count, islice
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from arctic_training.config.data import DataConfig
from arctic_training.data.factories.token_check import check_samples
from arctic_training.data.loading.stream import Passed
from arctic_training.data.store.samples import Row, Rows, Samples

if TYPE_CHECKING:
    from arctic_training.data.factories.preparation import PreparingDataFactory

__all__ = ["streamed_rows"]

BatchT = TypeVar("BatchT", bound=Mapping[str, object])


def streamed_rows(factory: PreparingDataFactory[DataConfig, BatchT]) -> Iterator[Row]:
    """Iterate without end over rows, shuffled among those of ``shuffle_buffer`` items.

    Raises:
        RecipeError: none of the first items has a token with loss.

    """
    config, passed = factory.config, Passed()
    samples = check_samples(factory, factory.encoded())
    for number in count():
        read = islice(samples, config.shuffle_buffer * factory.samples_each)
        prepared = factory.build_rows(Samples.of(read))
        passed.add(prepared.report)
        rows = Rows(prepared.samples, prepared.row_index) if number else factory.rows(prepared)
        if number and passed.is_worth_telling:
            factory.trainer.note(str(passed))
        order = np.random.default_rng([config.seed, number]).permutation(len(rows))
        yield from (rows[index] for index in order.tolist())
