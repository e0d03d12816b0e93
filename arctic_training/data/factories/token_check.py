"""Tokens that a model has no embedding for, found while data is prepared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from arctic_training.config.data import DataConfig
from arctic_training.data.factory import DataFactory
from arctic_training.data.store.samples import Sample

__all__ = ["check_samples", "check_tokens"]

BatchT = TypeVar("BatchT", bound=Mapping[str, object])


def check_tokens(
    factory: DataFactory[DataConfig, BatchT], ids: NDArray[np.int32], origin: str
) -> None:
    """Verify that every model has an embedding for tokens; ids are of shape (tokens).

    Raises:
        RecipeError: one has none.

    """
    if (limit := factory.token_limit) is None or not (beyond := ids[ids >= limit.rows]).size:
        return
    token = factory.trainer.tokenizer.convert_ids_to_tokens(int(beyond[0]))
    message = (
        f"{origin} has the token `{token}` ({beyond[0]}), and the embedding of "
        f"`{limit.section}` has {limit.rows:,} rows"
    )
    hint = f"set `resize_embeddings: true` in `{limit.section}`"
    raise factory.problem("sources", message, code="out-of-range", hint=hint)


def check_samples(
    factory: DataFactory[DataConfig, BatchT], samples: Iterable[Sample]
) -> Iterator[Sample]:
    """Iterate over samples, as long as every model has an embedding for their tokens.

    Raises:
        RecipeError: one has none.

    """
    for sample in samples:
        check_tokens(factory, sample.input_ids, "the data")
        yield sample
