"""Recipe sections of preference data and of its sources."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import ConfigDict, Field

from arctic_training.config.base import Human, OneOrMany
from arctic_training.config.data import DataConfig
from arctic_training.config.markers import Named
from arctic_training.config.source import (
    BySource,
    DataSourceConfig,
    FunctionSourceConfig,
    HFSourceConfig,
    SnowflakeSourceConfig,
)
from arctic_training.diagnostics.advice import because

__all__ = [
    "HFPreferenceSourceConfig",
    "HFUnpairedSourceConfig",
    "PreferenceDataConfig",
    "PreferenceSource",
    "PythonDocsPreferenceSourceConfig",
    "UnpairedDataConfig",
]

_Column: TypeAlias = Annotated[str, Field(min_length=1)]

_WHOLE: Final = because("nothing is truncated: pairs longer than `max_length` are dropped")
_PLANNED: Final = {"dpo_prompt_truncation_mode": _WHOLE, "max_prompt_length": _WHOLE}


class HFPreferenceSourceConfig(HFSourceConfig, frozen=True):
    """Pairs of answers, of the Hugging Face hub, of a `save_to_disk` folder or of local files.

    A column holds texts, or lists of `{role, content}`. Where completions are whole conversations,
    their common beginning is the prompt.
    """

    type: Literal["huggingface_preference"] = "huggingface_preference"

    prompt_column: _Column | None = "prompt"
    """Column of what is asked; null if all answers are whole conversations."""

    chosen_column: _Column = "chosen"
    """Column of the answer that is preferred."""

    rejected_column: _Column = "rejected"
    """Column of the other answer."""


class HFUnpairedSourceConfig(HFSourceConfig, frozen=True):
    """Single answers with a label, of the Hugging Face hub, of a folder or of local files.

    Data of the type `unpaired` takes each as it is. For `dpo`, which learns from differences alone,
    of each prompt the first good answer is paired with the first bad one, and so on; an answer
    without a counterpart is left out and counted.
    """

    type: Literal["huggingface_unpaired"] = "huggingface_unpaired"

    prompt_column: _Column = "prompt"
    """Column of the prompt: a string, or a list of `{role, content}`."""

    completion_column: _Column = "completion"
    """Column of the answer, likewise."""

    label_column: _Column = "label"
    """Column that says whether the answer is a good one: true or false, 1 or 0."""


class PythonDocsPreferenceSourceConfig(DataSourceConfig, frozen=True):
    """Questions about Python: the right answer is chosen, that to another question is rejected.

    Needs no network: the questions and answers are those of the source `python_docs`.
    """

    type: Literal["python_docs_preference"] = "python_docs_preference"


PreferenceSource: TypeAlias = Annotated[
    HFPreferenceSourceConfig
    | HFUnpairedSourceConfig
    | PythonDocsPreferenceSourceConfig
    | SnowflakeSourceConfig
    | FunctionSourceConfig,
    BySource(),
]


class PreferenceDataConfig(DataConfig, frozen=True):
    """Pairs of answers to a prompt, of which one is preferred.

    Only the answers are trained, and the token that ends each. A pair is dropped, and counted, if a
    completion is longer than `max_length` or has no token with loss, or if both completions are
    equal.
    """

    model_config = ConfigDict(json_schema_extra={"x-planned": dict(_PLANNED)})

    type: Annotated[str, Named("dpo")] = "dpo"

    sources: Annotated[
        tuple[PreferenceSource, ...],
        Field(min_length=1, examples=[{"type": "python_docs_preference"}]),
        OneOrMany(),
    ]
    """Where the answers come from."""

    eval_sources: Annotated[tuple[PreferenceSource, ...], OneOrMany()] = ()
    """Where the answers for evaluation come from; the same `eval_name` makes one set."""

    div_length: Annotated[int, Field(ge=1), Human()] = 256
    """Pad each batch to a multiple of this many tokens."""

    group_by_length: bool = False
    """Put samples of like length into a batch, for less padding; the batches are shuffled."""


class UnpairedDataConfig(PreferenceDataConfig, frozen=True):
    """Single answers to a prompt, each labelled as a good one or a bad one.

    Only the answer is trained, and the token that ends it. Of a source of pairs, the chosen answer
    is a good one and the rejected answer a bad one. An answer that is longer than `max_length` or
    has nothing to train is dropped, and counted.
    """

    type: Annotated[str, Named("unpaired")] = "unpaired"
