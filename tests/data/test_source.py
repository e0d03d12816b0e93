"""Conversations from every kind of source."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import datasets
import pytest

from arctic_training.config.data import HFInstructSourceConfig
from arctic_training.data.huggingface import instruct_conversations, missing_path
from arctic_training.data.python_docs import python_docs
from arctic_training.data.sft import SFTDataFactory
from arctic_training.data.source import load_conversations
from arctic_training.errors import RecipeError
from tests.support import write
from tests.tiny import HandTrainer, hand_config, jsonl, ragged

_SAID = ragged(6)
_MAPPING = {"user": "question", "assistant": "answer"}
_COLUMNS = [
    {"question": said[0]["content"], "answer": said[1]["content"], "id": str(number)}
    for number, said in enumerate(_SAID)
]


def _json_lines(path: Path) -> Path:
    jsonl(path / "said.jsonl", _SAID)
    return path / "said.jsonl"


def _json(path: Path) -> Path:
    file = path / "said.json"
    datasets.Dataset.from_list(_COLUMNS).to_json(str(file), lines=False)
    return file


def _parquet(path: Path) -> Path:
    file = path / "said.parquet"
    datasets.Dataset.from_list([{"messages": said} for said in _SAID]).to_parquet(str(file))
    return file


def _csv(path: Path) -> Path:
    with (path / "said.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(_COLUMNS[0]))
        writer.writeheader()
        writer.writerows(_COLUMNS)
    return path / "said.csv"


def _folder(path: Path) -> Path:
    datasets.Dataset.from_list(_COLUMNS).save_to_disk(str(path / "saved"))
    return path / "saved"


def _folder_of_splits(path: Path) -> Path:
    data = datasets.Dataset.from_list([{"messages": said} for said in _SAID])
    datasets.DatasetDict({"train": data, "test": data.select([0])}).save_to_disk(str(path / "all"))
    return path / "all"


@pytest.mark.parametrize(
    ("make", "mapped"),
    [
        (_json_lines, False),
        (_json, True),
        (_parquet, False),
        (_csv, True),
        (_folder, True),
        (_folder_of_splits, False),
    ],
)
def test_local_sources(
    make: Callable[[Path], Path],
    mapped: bool,  # noqa: FBT001 - a row of the table
    tmp_path: Path,
) -> None:
    """Files of every kind and saved folders hold the same conversations, in the same order."""
    source = HFInstructSourceConfig.model_validate(
        {"name_or_path": str(make(tmp_path)), "role_mapping": _MAPPING if mapped else None}
    )
    assert instruct_conversations(source) == _SAID


_ROWS = '{"messages": [{"role": "user", "content": "a"}], "text": "b"}\n'


@pytest.mark.parametrize(
    ("text", "section", "pointer", "message"),
    [
        (_ROWS, {"split": "test"}, ("split",), "Unknown split"),
        (_ROWS, {"role_mapping": {"user": "no"}}, ("role_mapping", "user"), "no text in `no`"),
        (
            _ROWS,
            {"role_mapping": {"assistant": "messages"}},
            ("role_mapping", "assistant"),
            "no text in `messages`; its columns are messages, text",
        ),
        ('{"text": "b"}\n', {}, ("name_or_path",), "row 0 has no list"),
        ('{"messages": "b"}\n', {}, ("name_or_path",), "row 0 has no list"),
        (
            _ROWS + '{"messages": [{"role": "user", "content": null}], "text": "b"}\n',
            {},
            ("name_or_path",),
            "row 1 has no list",
        ),
        ("not JSON", {}, ("name_or_path",), "cannot be loaded"),
    ],
)
def test_unusable_sources(
    text: str,
    section: dict[str, object],
    pointer: tuple[str, ...],
    message: str,
    tmp_path: Path,
) -> None:
    """What a source lacks is an error of the recipe that points at the value to change."""
    path = write(tmp_path / "rows.jsonl", text)
    source = HFInstructSourceConfig.model_validate({"name_or_path": str(path)} | section)
    with pytest.raises(RecipeError, match=message) as caught:
        instruct_conversations(source)
    assert caught.value.pointer == pointer


def test_missing_split_of_a_folder(tmp_path: Path) -> None:
    """A saved folder without the split is refused as a file is."""
    source = HFInstructSourceConfig(name_or_path=str(_folder_of_splits(tmp_path)), split="dev")
    with pytest.raises(RecipeError, match=r"Should be one of \['train', 'test'\]") as caught:
        instruct_conversations(source)
    assert caught.value.pointer == ("split",)


def test_missing_paths_are_found_without_loading(tmp_path: Path) -> None:
    """A path that is not there is told without loading; names on a hub are not looked up."""
    assert missing_path(HFInstructSourceConfig(name_or_path=str(tmp_path / "none"))) is not None
    assert missing_path(HFInstructSourceConfig(name_or_path=str(tmp_path))) is None
    assert missing_path(HFInstructSourceConfig(name_or_path="owner/name")) is None


def test_choice_of_samples(tmp_path: Path) -> None:
    """`sample_count` chooses by `sample_seed` alone, in the order of the source, none twice."""
    reader = HandTrainer(hand_config(train_iters=1)).make_data_factory()
    said = ragged(40)
    path = str(jsonl(tmp_path / "said.jsonl", said)["name_or_path"])

    def chosen(seed: int, count: int) -> list[int]:
        source = HFInstructSourceConfig(name_or_path=path, sample_count=count, sample_seed=seed)
        return [said.index(conversation) for conversation in load_conversations(reader, [source])]

    assert chosen(1, 10) == chosen(1, 10) != chosen(2, 10)
    assert chosen(1, 10) == sorted({*chosen(1, 10)})
    assert len(chosen(1, 10)) == 10
    assert chosen(1, 40) == chosen(1, 99) == [*range(40)]


def test_sources_follow_each_other(tmp_path: Path) -> None:
    """Several sources are read one after the other; an error points at the one that is wrong."""
    good = jsonl(tmp_path / "good.jsonl", _SAID)
    bad = good | {"split": "none"}
    docs = {"type": "python_docs", "sample_count": 3}
    trainer = HandTrainer(hand_config(data={"sources": [docs, good]}, train_iters=1))
    loaded = SFTDataFactory(trainer, trainer.config.data).load()
    assert loaded[3:] == _SAID
    with pytest.raises(RecipeError) as caught:
        HandTrainer(hand_config(data={"sources": [docs, good, bad]}))
    assert caught.value.pointer == ("data", "sources", 2, "split")


def test_python_docs() -> None:
    """Python's documentation gives over a thousand distinct real conversations, always alike."""
    said = python_docs()
    python_docs.cache_clear()
    assert python_docs() == said
    questions = [conversation[0]["content"] for conversation in said]
    assert len(said) == len({*questions}) > 1000
    assert [[m["role"] for m in conversation] for conversation in said] == [
        ["user", "assistant"]
    ] * len(said)
    assert min(len(conversation[1]["content"]) for conversation in said) > 10
