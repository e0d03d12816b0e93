"""Recipe sections of the data and of its sources."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, model_validator

from arctic_training.config.base import Human, OneOrMany, PathInRecipe, SectionConfig
from arctic_training.config.known_datasets import Role, with_eval_splits, with_roles
from arctic_training.config.markers import Named, Only
from arctic_training.config.source import (
    BySource,
    DataSourceConfig,
    FunctionSourceConfig,
    HFSourceConfig,
    SnowflakeSourceConfig,
)
from arctic_training.diagnostics.advice import because
from arctic_training.document.schema_forms import NO_EFFECT

__all__ = [
    "CausalDataConfig",
    "DataConfig",
    "DataSource",
    "DocumentSource",
    "HFCausalSourceConfig",
    "HFInstructSourceConfig",
    "PythonDocsSourceConfig",
    "SFTDataConfig",
]


_CACHED: Final = because("prepared data is always cached", "remove it")


_Paths: TypeAlias = Annotated[tuple[str, ...], Field(min_length=1, strict=False)]


class HFInstructSourceConfig(HFSourceConfig, frozen=True):
    """Conversations of the Hugging Face hub, of a `save_to_disk` folder or of local files."""

    type: Literal["huggingface_instruct"] = "huggingface_instruct"

    role_mapping: Annotated[
        dict[Role, str | _Paths] | None,
        Field(examples=[{"user": "question", "assistant": "answer"}]),
    ] = None
    """Column of each role, in the order of the conversation; or `list.field.value`, the items of a
    column whose field has that value; or a list of these. Null takes the column `messages`, a list
    of `{role, content}`, or else the columns `user` and `assistant`; known data sets have their
    own, such as `Open-Orca/SlimOrca`."""

    content_key: Annotated[str, Field(min_length=1)] | None = None
    """Key of the text in an item of a list; null tries content, text, message and value."""

    @model_validator(mode="before")
    @classmethod
    def _resolve_roles(cls, section: object) -> object:
        """Fill in the role mapping of a known data set."""
        return with_roles(section) if isinstance(section, dict) else section


class HFCausalSourceConfig(HFSourceConfig, frozen=True):
    """Documents of the Hugging Face hub, of a `save_to_disk` folder or of local files."""

    type: Literal["huggingface_causal"] = "huggingface_causal"

    column: Annotated[str, Field(min_length=1)] = "text"
    """Column that holds the documents; a .txt file is one document in the column `text`."""


class PythonDocsSourceConfig(DataSourceConfig, frozen=True):
    """Questions and answers about Python, made from the documentation that Python itself ships.

    Needs no network: some 2,300 conversations from the language reference and the docstrings of
    the standard library.
    """

    type: Literal["python_docs"] = "python_docs"


DataSource: TypeAlias = Annotated[
    HFInstructSourceConfig | PythonDocsSourceConfig | SnowflakeSourceConfig | FunctionSourceConfig,
    BySource(),
]
"""A source of conversations."""

DocumentSource: TypeAlias = Annotated[
    HFCausalSourceConfig | PythonDocsSourceConfig | SnowflakeSourceConfig | FunctionSourceConfig,
    BySource(),
]
"""A source of documents."""


_Share: TypeAlias = Annotated[float, Field(ge=0, le=1), Human()]
_TrainShare: TypeAlias = Annotated[float, Field(gt=0, le=1), Human()]


class DataConfig(SectionConfig, frozen=True):
    """What every data section has."""

    sources: Annotated[
        tuple[DataSourceConfig, ...],
        Field(min_length=1, examples=[{"sample_count": 1000}]),
        OneOrMany(),
    ]
    """Where the samples come from. Each section narrows it to the sources that it takes."""

    eval_sources: Annotated[tuple[DataSourceConfig, ...], OneOrMany()] = ()
    """Where the samples for evaluation come from; the same `eval_name` makes one set."""

    train_eval_split: Annotated[tuple[_TrainShare, _Share], Field(strict=False)] = (1.0, 0.0)
    """Parts of the samples of each source that are trained on, and that are kept for evaluation."""

    max_length: Annotated[int, Field(ge=1), Human()] | None = None
    """Longest row of a batch, in tokens; null is the longest that the model takes."""

    streaming: bool = False
    """Read the sources while training and keep nothing, for sets that no disk holds. The run is as
    long as `train_iters`; `weight` says how often an item is of which source."""

    shuffle_buffer: Annotated[int, Field(ge=1), Human()] = 10_000
    """Items of a stream that are read at a time, and become rows in an order by chance."""

    seed: Annotated[int, Field(ge=0), Human()] = 42
    """Seed of the order of the samples, which is another one in each epoch."""

    dl_num_workers: Annotated[int, Field(ge=0), Human()] = 0
    """Processes that prepare batches; 0 prepares them in the training process."""

    cache_dir: PathInRecipe | None = None
    """Folder in which prepared data is kept; null is a folder in the user's cache."""

    fail_on_missing_cache: bool = False
    """Train only on data that `arctic-train process-data` has prepared."""

    num_proc: Annotated[int, Field(ge=1), Human()] | None = None
    """Threads that tokenise; null takes one for each processor core that the process may use."""

    cache_fs_type: Annotated[
        Literal["auto", "local", "shared"], Field(json_schema_extra=NO_EFFECT)
    ] = "auto"
    """Kind of file system of the cache, which is safe on each: nothing depends on it."""

    use_data_cache: Annotated[Literal[True], Only(_CACHED)] = True
    """Whether prepared data is read from the cache."""

    cache_processed_data: Annotated[Literal[True], Only(_CACHED)] = True
    """Whether prepared data is put into the cache."""

    @model_validator(mode="before")
    @classmethod
    def _resolve_eval_splits(cls, section: object) -> object:
        """Name the split `eval` of known data sets that are evaluated on, where none is named."""
        if not isinstance(section, dict) or "eval_sources" not in section:
            return section
        return section | {"eval_sources": with_eval_splits(section["eval_sources"])}

    @property
    def eval_names(self) -> list[str]:
        """Names of the evaluation sets; what is kept from training is `eval`."""
        if self.train_eval_split[1]:
            return ["eval"]
        return list(dict.fromkeys(source.eval_name for source in self.eval_sources))


_FULL: Final = because(
    "rows are packed best-fit over the whole set; `over_length: split` loses no token", "remove it"
)
_FITTING: Final = "set `over_length` for samples longer than `max_length`"
_APART: Final = because("the samples of a row never attend to each other", "remove it")
_REPEATED: Final = because("samples are repeated by `epochs`, never within a row", "remove it")


class SFTDataConfig(DataConfig, frozen=True):
    """Conversations, of which the assistant's words are trained."""

    type: Annotated[str, Named("sft")] = "sft"

    sources: Annotated[
        tuple[DataSource, ...],
        Field(min_length=1, examples=[{"type": "python_docs"}]),
        OneOrMany(),
    ]
    """Where the samples come from."""

    eval_sources: Annotated[tuple[DataSource, ...], OneOrMany()] = ()
    """Where the samples for evaluation come from; the same `eval_name` makes one set."""

    mask_inputs: bool = True
    """Train only what the assistant says, and the token that ends its turn."""

    train_last_turn_only: bool = False
    """Of what the assistant says, train only its last message."""

    ignore_empty_think: bool = False
    """Do not train an empty think block (`<think></think>`) at the beginning of an answer."""

    over_length: Literal["drop", "truncate", "split"] = "drop"
    """What becomes of a longer sample: it is left out, cut at the end, or cut into several."""

    pack_samples: bool = False
    """Put several samples into one row of at most `max_length` tokens. None sees another."""

    div_length: Annotated[int, Field(ge=1), Human()] = 256
    """Pad each batch to a multiple of this many tokens."""

    pad_to: Literal["div_length", "max_length"] = "div_length"
    """Pad each batch to a multiple of `div_length`, or all batches to `max_length`."""

    group_by_length: bool = False
    """Put samples of like length into a batch, for less padding; the batches are shuffled."""

    filter_samples: Annotated[Literal[True], Only(_FITTING)] = True
    """Whether no row is longer than `max_length`."""

    always_max_length: Annotated[Literal[False], Only(_FULL)] = False
    """Whether rows are filled beyond `max_length`."""

    drop_last: Annotated[Literal[False], Only(_FULL)] = False
    """Whether rows that are not full are left out."""

    repeat_to_pack_max_length: Annotated[Literal[False], Only(_REPEATED)] = False
    """Whether samples are repeated until a row is full."""

    fuse_positions_prob: Annotated[Literal[0], Only(_APART)] = 0
    """Chance that the samples of a row are one text."""


class CausalDataConfig(DataConfig, frozen=True):
    """Documents, of which every token is trained."""

    type: Annotated[str, Named("causal")] = "causal"

    sources: Annotated[
        tuple[DocumentSource, ...],
        Field(
            min_length=1,
            examples=[{"type": "huggingface_causal", "name_or_path": "./documents.txt"}],
        ),
        OneOrMany(),
    ]
    """Where the documents come from."""

    eval_sources: Annotated[tuple[DocumentSource, ...], OneOrMany()] = ()
    """Where the documents for evaluation come from; the same `eval_name` makes one set."""

    documents: Literal["apart", "joined"] = "apart"
    """Apart: rows are packed with documents, and parts of longer ones, none of which sees another.
    Joined: all documents are one text, cut into rows of `max_length`."""

    div_length: Annotated[int, Field(ge=1), Human()] = 256
    """Pad each batch to a multiple of this many tokens."""
