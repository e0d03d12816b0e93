"""Recipe sections of the sources whose rows any data may be made of, and what all sources have."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import ConfigDict, Field, model_validator
from pydantic import GetCoreSchemaHandler as CoreHandler
from pydantic import GetJsonSchemaHandler as JSONHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from arctic_training.config.base import ByType, Human, SectionConfig
from arctic_training.config.known_datasets import TWO_SPLITS, with_split
from arctic_training.config.markers import Only
from arctic_training.config.named_split import NAMES_SPLIT
from arctic_training.diagnostics.advice import because
from arctic_training.document.schema_forms import JSONSchema

__all__ = [
    "BySource",
    "DataSourceConfig",
    "FunctionSourceConfig",
    "HFSourceConfig",
    "SnowflakeSourceConfig",
]

_TEXT: JSONSchema = {"type": "string", "pattern": "^[^:]", "format": "name-or-path"}


class DataSourceConfig(SectionConfig, frozen=True):
    """What every data source has."""

    sample_count: Annotated[int, Field(ge=1), Human()] | None = None
    """Take this many samples at random; null takes all."""

    sample_ratio: Annotated[float, Field(gt=0, le=1), Human()] | None = None
    """Take this part of the samples at random, in place of `sample_count`; null takes all."""

    weight: Annotated[float, Field(gt=0), Human()] | None = None
    """Share of the source in the mixture of all sources, beside the weights of the others. As many
    samples are used as possible without repeating one; null uses all.
    """

    sample_seed: Annotated[int, Field(ge=0), Human()] = 42
    """Seed of the choice of samples."""

    eval_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")] = "eval"
    """Name of the evaluation set that a source of `eval_sources` belongs to."""


class HFSourceConfig(DataSourceConfig, frozen=True):
    """What every source of the Hugging Face hub and of local files has."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-planned": {
                "kwargs": "save the set with `save_to_disk`, and name its folder",
                "split_mapping": "write the set's own name of the split under `split`",
            },
            "if": {
                "properties": {"name_or_path": {"type": "string", "pattern": NAMES_SPLIT}},
                "required": ["name_or_path"],
            },
            "then": {
                "properties": {
                    "split": {
                        "not": {},
                        "x-code": "conflict",
                        "x-message": TWO_SPLITS,
                        "x-hint": "write `split`, or `NAME:SPLIT`",
                    }
                }
            },
        }
    )

    name_or_path: Annotated[
        str,
        Field(
            min_length=1,
            json_schema_extra={"format": "name-or-path"},
            examples=["HuggingFaceH4/ultrachat_200k", "./rows.jsonl"],
        ),
    ]
    """Name on the hub; or a file (.jsonl, .json, .parquet, .arrow, .csv, .tsv or .txt, also
    compressed), a pattern, a folder or what `save_to_disk` wrote, written as `./file`, `/file` or
    `~/file`. `NAME:SPLIT` names the split as well."""

    split: Annotated[str, Field(min_length=1)] = "train"
    """Split of the data set, or a part of it such as `train[:10%]`; a local file is `train`. Known
    data sets translate `train` and `eval`: of `HuggingFaceH4/ultrachat_200k`, `train_sft`."""

    process: Annotated[
        Literal[True], Only(because("every sample is tokenised here", "remove it"))
    ] = True
    """Whether samples are made of the rows."""

    @model_validator(mode="before")
    @classmethod
    def _resolve_split(cls, section: object) -> object:
        """Split `NAME:SPLIT`, and translate the split of a known data set."""
        return with_split(section) if isinstance(section, dict) else section


class SnowflakeSourceConfig(DataSourceConfig, frozen=True):
    """Rows of a table, a query or a dataset in Snowflake.

    Conversations are in a column `messages`, documents in `text`, preferences in `prompt`, `chosen`
    and `rejected`; `column_mapping` says which columns those are. A name that needs no quotes in
    Snowflake is written in small letters.
    """

    type: Literal["snowflake"] = "snowflake"

    sql: str | None = None
    """Query that returns the rows; this, `table_name` or `dataset_uri` is given."""

    table_name: Annotated[str, Field(min_length=1)] | None = None
    """Table or view, as written after FROM."""

    dataset_uri: str | None = None
    """Version of a dataset: `snow://dataset/NAME/versions/VERSION`."""

    column_mapping: dict[str, str] = Field(default={})
    """Columns that get another name: `{question: prompt}`."""

    limit: Annotated[int, Field(ge=1), Human()] | None = None
    """Take at most this many rows; null takes all."""

    batch_size: Annotated[int, Field(ge=1), Human()] = 1024
    """Rows that are worked on at a time."""

    connection_name: Annotated[str, Field(min_length=1)] | None = None
    """Connection of `~/.snowflake/connections.toml`; null is the default one."""


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


class BySource(ByType):
    """Marks a union of sources; a string stands for a section.

    `NAME` and `NAME:SPLIT` are what the first source takes as its ``name_or_path``. The ``type`` of
    a source that needs no key is that source.
    """

    def __get_pydantic_core_schema__(self, union: object, handler: CoreHandler) -> CoreSchema:
        models: tuple[type[SectionConfig], ...] = get_args(union)
        whole = {
            str(model.model_fields["type"].default)
            for model in models
            if not any(field.is_required() for field in model.model_fields.values())
        }

        def spelled_out(value: object) -> object:
            if not isinstance(value, str):
                return value
            return {"type": value} if value in whole else {"name_or_path": value}

        told_apart = super().__get_pydantic_core_schema__(union, handler)
        return core_schema.no_info_before_validator_function(spelled_out, told_apart)

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: JSONHandler
    ) -> JsonSchemaValue:
        section = super().__get_pydantic_json_schema__(core, handler)
        return {"if": {"type": "string"}, "then": dict(_TEXT), "else": section}
