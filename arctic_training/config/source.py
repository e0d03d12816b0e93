"""Recipe sections of sources: what all of them have, and one that is a function of the user's."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from arctic_training.config.base import Human, SectionConfig

__all__ = ["DataSourceConfig", "FunctionSourceConfig"]


class DataSourceConfig(SectionConfig, frozen=True):
    """What every data source has."""

    sample_count: Annotated[int, Field(ge=1), Human()] | None = None
    """Take this many samples at random; null takes all."""

    sample_ratio: Annotated[float, Field(gt=0, le=1), Human()] | None = None
    """Take this part of the samples at random, in place of `sample_count`; null takes all."""

    weight: Annotated[float, Field(gt=0), Human()] | None = None
    """Share of the source in the mixture of all sources, beside the weights of the others. As many
    samples are taken as there can be with none taken twice; null takes all."""

    sample_seed: Annotated[int, Field(ge=0), Human()] = 42
    """Seed of the choice of samples."""

    eval_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")] = "eval"
    """Name of the evaluation set that a source of `eval_sources` belongs to."""


class FunctionSourceConfig(DataSourceConfig, frozen=True):
    """What a function of your own yields: conversations, documents or preferences.

    Its parameters are the fields of the source. What a recipe gives is checked against their
    annotations, for which the function is read and not run.
    """

    type: Literal["function"] = "function"

    function: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$",
            examples=["my_data:conversations"],
        ),
    ]
    """The function, written `module:name`. Each call yields the same samples in the same order."""

    arguments: dict[str, object] = Field(default={})
    """What it is called with, by the names of its parameters. A relative path that is given for a
    `Path` starts at the recipe."""
