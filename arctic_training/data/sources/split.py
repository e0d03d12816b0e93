"""What `train_eval_split` may say, and of which sources."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from arctic_training.config.data import DataConfig
from arctic_training.config.source import SnowflakeSourceConfig
from arctic_training.core.factory import Component
from arctic_training.errors import RecipeError

__all__ = ["split_problems"]

_PARTS: Final = "write such as `[0.9, 0.1]`: what is trained on, and what is kept for evaluation"
_TWO: Final = "name two queries: `... WHERE ID % 20 > 0` in `sources`, `... WHERE ID % 20 = 0` in "


def split_problems(reader: Component[DataConfig]) -> Iterator[RecipeError]:
    """Iterate over why the sources cannot be parted as the section says.

    The parts are read one after the other, by the numbers of rows: that takes a source whose rows
    come in the same order each time.
    """

    def problem(message: str, hint: str = "") -> RecipeError:
        return reader.problem("train_eval_split", message, code="not-allowed", hint=hint)

    config = reader.config
    trained, held_out = config.train_eval_split
    if not math.isclose(trained + held_out, 1):
        yield problem(
            f"{trained:g} and {held_out:g} add up to {trained + held_out:g}, not to 1", _PARTS
        )
    elif not trained:
        yield problem("the first part, which is trained on, is 0", _PARTS)
    if held_out and config.eval_sources:
        yield problem("it and `eval_sources` exclude each other")
    elif held_out and any(isinstance(each, SnowflakeSourceConfig) for each in config.sources):
        message = "rows of Snowflake come in another order each time, and so cannot be kept apart"
        yield problem(message, f"{_TWO}`eval_sources`")
