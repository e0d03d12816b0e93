"""Rows that are given to the wrong type of source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arctic_training.config.data import HFCausalSourceConfig, HFInstructSourceConfig
from arctic_training.config.preference import HFPreferenceSourceConfig, HFUnpairedSourceConfig
from arctic_training.config.source import HFSourceConfig
from arctic_training.data.sources.registry import (
    conversation_source,
    document_source,
    preference_source,
)
from arctic_training.errors import RecipeError
from tests.support import write

_PAIR = {"prompt": "q", "chosen": "a", "rejected": "b"}
_SINGLE = {"prompt": "q", "completion": "a", "label": True}
_SAID = {"messages": [{"role": "user", "content": "q"}]}
_TEXT = {"text": "a"}


def _checked(config: HFSourceConfig) -> None:
    match config:
        case HFPreferenceSourceConfig() | HFUnpairedSourceConfig():
            preference_source(config).check()
        case HFInstructSourceConfig():
            conversation_source(config).check()
        case _:
            assert isinstance(config, HFCausalSourceConfig)
            document_source(config).check()


@pytest.mark.parametrize(
    ("row", "source", "hint"),
    [
        (
            _SINGLE,
            HFPreferenceSourceConfig,
            "these are single answers with a label: write `type: huggingface_unpaired`",
        ),
        (
            _PAIR,
            HFUnpairedSourceConfig,
            "these are pairs of answers: write `type: huggingface_preference`",
        ),
        (
            _SAID,
            HFPreferenceSourceConfig,
            "these are conversations: `data` of `type: sft` takes them, as `huggingface_instruct`",
        ),
        (
            _TEXT,
            HFInstructSourceConfig,
            "these are documents: `data` of `type: causal` takes them, as `huggingface_causal`",
        ),
        (
            {"question": "q", "answer": "a"},
            HFInstructSourceConfig,
            "say in `role_mapping` which column has whose words: `answer`, `question`",
        ),
        (
            {"prompt": "q", "chosen": "a", "rejectd": "b"},
            HFPreferenceSourceConfig,
            "write `rejected_column: rejectd`; there are `chosen`, `prompt`, `rejectd`",
        ),
    ],
)
def test_rows_are_recognised_by_their_columns(
    row: dict[str, object], source: type[HFSourceConfig], hint: str, tmp_path: Path
) -> None:
    """The error stands at the file and names the type that reads such rows, or the key to set."""
    path = write(tmp_path / "rows.jsonl", json.dumps(row) + "\n")
    with pytest.raises(RecipeError) as caught:
        _checked(source(name_or_path=str(path)))
    assert caught.value.pointer == ("name_or_path",)
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("row", "source"),
    [
        (_PAIR, HFPreferenceSourceConfig),
        (_SINGLE, HFUnpairedSourceConfig),
        (_SAID, HFInstructSourceConfig),
        (_TEXT, HFCausalSourceConfig),
        (_PAIR | _SINGLE | _SAID | _TEXT, HFCausalSourceConfig),
    ],
)
def test_rows_of_the_right_type_are_taken(
    row: dict[str, object], source: type[HFSourceConfig], tmp_path: Path
) -> None:
    """Each type takes its own columns, whatever others there are."""
    _checked(source(name_or_path=str(write(tmp_path / "rows.jsonl", json.dumps(row) + "\n"))))
