"""Recipe sections of the data and of its sources."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from arctic_training.config.base import ByType, Human, OneOrMany, SectionConfig

__all__ = [
    "DataConfig",
    "DataSource",
    "DataSourceConfig",
    "HFInstructSourceConfig",
    "PythonDocsSourceConfig",
    "SFTDataConfig",
]


class DataSourceConfig(SectionConfig):
    """What every data source has."""

    sample_count: Annotated[int, Field(ge=1), Human()] | None = None
    """Take this many samples at random; null takes all."""

    sample_seed: Annotated[int, Field(ge=0), Human()] = 42
    """Seed of the choice of `sample_count` samples."""

    eval_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")] = "eval"
    """Name of the evaluation set that a source of `eval_sources` belongs to."""


class HFInstructSourceConfig(DataSourceConfig):
    """Conversations of the Hugging Face hub, of a `save_to_disk` folder or of a local file."""

    type: Literal["huggingface_instruct"] = "huggingface_instruct"

    name_or_path: Annotated[str, Field(min_length=1, json_schema_extra={"format": "name-or-path"})]
    """Name on the hub; or a folder or a .json, .jsonl, .parquet or .csv file, written as `./file`,
    `/file` or `~/file`."""

    split: Annotated[str, Field(min_length=1)] = "train"
    """Split of the data set."""

    role_mapping: dict[Literal["system", "user", "assistant"], str] | None = None
    """Column of each role, in the order of the conversation; null takes the column `messages`,
    a list of `{role, content}`."""


class PythonDocsSourceConfig(DataSourceConfig):
    """Questions and answers about Python, made from the documentation that Python itself ships.

    Needs no network: some 2,300 conversations from the language reference and the docstrings of
    the standard library.
    """

    type: Literal["python_docs"] = "python_docs"


DataSource: TypeAlias = Annotated[HFInstructSourceConfig | PythonDocsSourceConfig, ByType()]


class DataConfig(SectionConfig):
    """What every data section has."""

    sources: Annotated[tuple[DataSource, ...], Field(min_length=1), OneOrMany()]
    """Where the samples come from."""

    eval_sources: Annotated[tuple[DataSource, ...], OneOrMany()] = ()
    """Where the samples for evaluation come from; the same `eval_name` makes one set."""

    max_length: Annotated[int, Field(ge=1), Human()] = 8192
    """Longest sample, in tokens; with `pack_samples`, also the length of a row."""

    over_length: Literal["drop", "truncate", "split"] = "drop"
    """What becomes of a longer sample: it is left out, cut at the end, or cut into several."""

    seed: Annotated[int, Field(ge=0), Human()] = 42
    """Seed of the order of the samples, which is another one in each epoch."""

    dl_num_workers: Annotated[int, Field(ge=0), Human()] = 0
    """Processes that prepare batches; 0 prepares them in the training process."""


class SFTDataConfig(DataConfig):
    """Conversations, of which the assistant's words are trained."""

    type: Literal["sft"] = "sft"

    mask_inputs: bool = True
    """Train only what the assistant says, and the token that ends its turn."""

    train_last_turn_only: bool = False
    """Of what the assistant says, train only its last message."""

    ignore_empty_think: bool = False
    """Do not train an empty think block (`<think></think>`) at the beginning of an answer."""

    pack_samples: bool = False
    """Put several samples into one row of at most `max_length` tokens. None sees another."""

    div_length: Annotated[int, Field(ge=1), Human()] = 256
    """Pad each batch to a multiple of this many tokens."""
