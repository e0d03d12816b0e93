"""Answers with a label each, which are paired by their prompts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from arctic_trainers.dpo import DPOTrainer
from arctic_training.config.preference import HFUnpairedSourceConfig
from arctic_training.data.chat.conversation import Preference
from arctic_training.data.factories.preference import PreferenceDataFactory
from arctic_training.data.sources.huggingface_unpaired import HFPairedSource, HFUnpairedSource
from arctic_training.data.sources.mixture import mix
from arctic_training.data.sources.registry import preference_source
from arctic_training.errors import RecipeError
from tests.preferences import dpo_config
from tests.support import write
from tests.tiny import Recorder, prepared


def _source(folder: Path, rows: Sequence[object], **changes: str) -> HFUnpairedSourceConfig:
    path = write(folder / "rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    return HFUnpairedSourceConfig(name_or_path=str(path), **changes)  # type: ignore[arg-type]


def _row(prompt: object, completion: object, label: object) -> dict[str, object]:
    return {"prompt": prompt, "completion": completion, "label": label}


_ROWS = [
    _row("a", "a-good", label=True),
    _row("b", "b-bad", label=False),
    _row("a", "a-good-too", label=True),
    _row("b", "b-good", label=True),
    _row("a", "a-bad", label=False),
    _row("c", "c-bad", label=False),
]


def _texts(preference: Preference) -> list[str | None]:
    """Return the prompt, the chosen answer and the rejected one; None for a side without one."""
    return [side[0]["content"] if side else None for side in preference]


@pytest.mark.parametrize("numbers", [[0, 1, 2, 3], [1, 3], []])
def test_answers_are_paired_by_prompt(numbers: list[int], tmp_path: Path) -> None:
    """Of each prompt the first good answer goes with the first bad one; the rest stay alone."""
    items = HFPairedSource(_source(tmp_path, _ROWS)).items().sized()
    assert items.count == 4
    expected = [
        ["a", "a-good", "a-bad"],
        ["a", "a-good-too", None],
        ["b", "b-good", "b-bad"],
        ["c", None, "c-bad"],
    ]
    actual = [*map(_texts, items.load(np.array(numbers, dtype=np.int64)))]
    assert actual == [expected[number] for number in numbers]


def test_conversations_and_numbers(tmp_path: Path) -> None:
    """Prompts and answers may be lists of messages, and labels 0 and 1; columns have any name."""
    asked = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]
    good, bad = ([{"role": "assistant", "content": text}] for text in ("yes", "no"))
    rows = [{"p": asked, "c": bad, "l": 0}, {"p": asked, "c": good, "l": 1}]
    source = _source(tmp_path, rows, prompt_column="p", completion_column="c", label_column="l")
    (preference,) = HFPairedSource(source).items().stream()
    assert preference == (asked, good, bad)


@pytest.mark.parametrize(
    ("row", "pointer", "message"),
    [
        (_row("a", "b", "yes"), "label_column", "row 0 has no label"),
        (_row("a", "b", None), "label_column", "row 0 has no label"),
        (_row([], "b", 1), "prompt_column", "row 0 has no prompt"),
        (_row("a", 7, 1), "completion_column", "row 0 has neither a string nor a list"),
    ],
)
def test_unusable_rows(row: object, pointer: str, message: str, tmp_path: Path) -> None:
    """A row that is no labelled answer is an error at the column to change."""
    with pytest.raises(RecipeError, match=message) as caught:
        HFPairedSource(_source(tmp_path, [row])).items().sized()
    assert caught.value.pointer == (pointer,)


def test_missing_columns(tmp_path: Path) -> None:
    """A column that is not there is found without loading the rows."""
    with pytest.raises(RecipeError, match="there is no column `lable`") as caught:
        HFUnpairedSource(_source(tmp_path, _ROWS, label_column="lable")).check()
    assert caught.value.hint == "did you mean `label`?"


def test_what_stays_alone_is_counted(tmp_path: Path) -> None:
    """`dpo` trains on the pairs, and its report counts every answer that is in none."""
    trainer = DPOTrainer(dpo_config())
    trainer.progress = recorder = Recorder()
    source = _source(tmp_path, _ROWS)
    factory = PreferenceDataFactory(trainer, trainer.config.data)
    rows = factory.rows(prepared(factory, [*mix([preference_source(source)], factory)]))
    assert len(rows) == 2
    (notes,) = recorder.notes
    assert notes.startswith("pairs: 2 of 4, each of two samples\n")
    (lost,) = (line for line in notes.splitlines() if line.startswith("left out"))
    assert lost.startswith("left out: 4 samples, ")
    assert lost.endswith(": 2 answers have no other of the prompt to be paired with")
