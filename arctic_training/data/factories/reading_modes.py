"""Whether sources can be split or streamed as their section says."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Final

from arctic_training.config.data import DataConfig
from arctic_training.config.source import DataSourceConfig
from arctic_training.core.factory import Component
from arctic_training.data.sources.source import Source
from arctic_training.errors import RecipeError

__all__ = ["split_problems", "streaming_problems"]

_UNKNOWN_SIZE: Final = "not available with streaming: the dataset size is unknown"
_PARTS: Final = "write such as `[0.9, 0.1]`: what is trained on, and what is kept for evaluation"


def split_problems(
    reader: Component[DataConfig], sources: Sequence[Source[DataSourceConfig, object]]
) -> Iterator[RecipeError]:
    """Iterate over why the sources cannot be parted as the section says.

    The parts are read one after the other, by the numbers of rows: that takes a source whose rows
    come in the same order each time.
    """

    def problem(message: str, hint: str = "") -> RecipeError:
        return reader.problem("train_eval_split", message, code="conflict", hint=hint)

    config = reader.config
    trained, held_out = config.train_eval_split
    if not math.isclose(trained + held_out, 1):
        yield problem(
            f"{trained:g} and {held_out:g} add up to {trained + held_out:g}, not to 1", _PARTS
        )
    if held_out and config.eval_sources:
        yield problem("it and `eval_sources` exclude each other")
    elif held_out:
        refusals = (source.split_refusal for source in sources if source.split_refusal)
        yield from (problem(*refusal) for refusal in islice(refusals, 1))


def streaming_problems(
    reader: Component[DataConfig], sources: Sequence[Source[DataSourceConfig, object]]
) -> Iterator[RecipeError]:
    """Iterate over what a stream, whose size is unknown, cannot do."""
    recipe, config = reader.trainer.config, reader.config
    if not recipe.train_iters:
        hint = "say in `train_iters` how long the run is"
        yield reader.problem("streaming", _UNKNOWN_SIZE, code="conflict", hint=hint)
    for field, is_given in (
        ("dl_num_workers", config.dl_num_workers > 0),
        ("fail_on_missing_cache", config.fail_on_missing_cache),
        ("group_by_length", getattr(config, "group_by_length", False)),
        ("train_eval_split", config.train_eval_split[1] > 0),
    ):
        if is_given:
            yield reader.problem(field, "it excludes `streaming`", code="conflict")
    if recipe.overfit_first_batch:
        message = "it excludes `data.streaming`"
        yield RecipeError(("overfit_first_batch",), message, code="conflict")
    for source in sources:
        for error in chain(_sampling_problems(source.config), source.stream_problems()):
            yield reader.located(error, source.config)


def _sampling_problems(section: DataSourceConfig) -> Iterator[RecipeError]:
    for name in ("sample_count", "sample_ratio"):
        if getattr(section, name) is not None:
            hint = "give a `weight`"
            yield RecipeError((name,), _UNKNOWN_SIZE, code="conflict", hint=hint)
