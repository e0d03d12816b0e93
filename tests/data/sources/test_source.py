"""Conversations from every kind of source."""

from __future__ import annotations

import bz2
import csv
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import datasets
import numpy as np
import pytest

from arctic_training.config.data import (
    HFCausalSourceConfig,
    HFInstructSourceConfig,
    PythonDocsSourceConfig,
)
from arctic_training.data.factories.sft import SFTDataFactory
from arctic_training.data.sources.dataset import Dataset
from arctic_training.data.sources.huggingface_causal import HFCausalSource
from arctic_training.data.sources.huggingface_instruct import HFInstructSource
from arctic_training.data.sources.mixture import mix
from arctic_training.data.sources.python_docs import python_docs
from arctic_training.data.sources.registry import conversation_source, document_source
from arctic_training.data.sources.source import source_problems
from arctic_training.errors import RecipeError
from tests.support import write
from tests.tiny import HandTrainer, hand_config, jsonl, ragged

T = TypeVar("T")

_SAID = ragged(6)
_MAPPING = {"user": "question", "assistant": "answer"}
_COLUMNS = [
    {"question": said[0]["content"], "answer": said[1]["content"], "id": str(number)}
    for number, said in enumerate(_SAID)
]


def _all(items: Dataset[T]) -> list[T]:
    """Return all items, which are the same as a stream and one by one."""
    listed = _counted(items)
    assert [*items.stream()] == listed
    return listed


def _counted(items: Dataset[T]) -> list[T]:
    counted = items.sized()
    return [*counted.load(np.arange(counted.count))]


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


def _plain_folder(path: Path) -> Path:
    data = datasets.Dataset.from_list([{"messages": said} for said in _SAID])
    data.save_to_disk(str(path / "plain"))
    return path / "plain"


def _folder_of_splits(path: Path) -> Path:
    data = datasets.Dataset.from_list([{"messages": said} for said in _SAID])
    datasets.DatasetDict({"train": data, "test": data.select([0])}).save_to_disk(str(path / "all"))
    return path / "all"


def _tsv(path: Path) -> Path:
    text = _csv(path).read_text().replace(",", "\t")
    return write(path / "said.tsv", text)


def _gz(path: Path) -> Path:
    file = path / "said.jsonl.gz"
    file.write_bytes(gzip.compress(_json_lines(path).read_bytes()))
    return file


def _bz2(path: Path) -> Path:
    file = path / "said.csv.bz2"
    file.write_bytes(bz2.compress(_csv(path).read_bytes()))
    return file


def _xz(path: Path) -> Path:
    file = path / "said.ndjson.xz"
    file.write_bytes(lzma.compress(_json_lines(path).read_bytes()))
    return file


def _parts(path: Path) -> Path:
    jsonl(path / "parts" / "a-1.jsonl", _SAID[:2])
    jsonl(path / "parts" / "a-2.jsonl", _SAID[2:])
    write(path / "parts" / "README.md", "Words.")
    return path / "parts"


def _pattern(path: Path) -> Path:
    write(_parts(path) / "b-1.csv", "x\ny\n")
    return path / "parts" / "a-*.jsonl"


@pytest.mark.parametrize(
    ("make", "mapped"),
    [
        (_tsv, True),
        (_gz, False),
        (_bz2, True),
        (_xz, False),
        (_parts, False),
        (_pattern, False),
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
    HFInstructSource(source).check()
    assert _all(HFInstructSource(source).items()) == _SAID


_ROWS = '{"messages": [{"role": "user", "content": "a"}], "text": "b"}\n'
_LISTED = '{"turns": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}], "n": 1}\n'
_TURNS = {"user": "turns.from.human", "assistant": "turns.from.gpt"}


@pytest.mark.parametrize(
    ("section", "pointer", "message", "hint"),
    [
        ({"split": "test"}, ("split",), "no split `test`", "known here: `train`"),
        ({"split": "trian[:5]"}, ("split",), "no split `trian`", "did you mean `train`?"),
        (
            {"role_mapping": {"user": "no"}},
            ("role_mapping", "user"),
            "no column `no`",
            "known here: ",
        ),
        (
            {"role_mapping": {"user": "text", "assistant": "txt"}},
            ("role_mapping", "assistant"),
            "no column `txt`",
            "did you mean `text`?",
        ),
        (
            {"role_mapping": {"user": "turns.a.b"}},
            ("role_mapping", "user"),
            "`turns`",
            "known here: ",
        ),
        ({"role_mapping": {"user": "text.a"}}, ("role_mapping", "user"), "`text.a`", "did you"),
    ],
)
def test_missing_splits_and_columns(
    section: dict[str, object],
    pointer: tuple[str, ...],
    message: str,
    hint: str,
    tmp_path: Path,
) -> None:
    """What a source lacks is found before it is loaded, with the names that there are."""
    path = write(tmp_path / "rows.jsonl", _ROWS)
    source = HFInstructSourceConfig.model_validate({"name_or_path": str(path)} | section)
    with pytest.raises(RecipeError, match=message) as caught:
        HFInstructSource(source).check()
    assert caught.value.pointer == pointer
    assert caught.value.hint.startswith(hint)
    with pytest.raises(RecipeError) as caught:
        _all(HFInstructSource(source).items())
    assert caught.value.pointer == pointer


@pytest.mark.parametrize(
    ("text", "section", "pointer", "message"),
    [
        (
            _ROWS,
            {"role_mapping": {"user": "messages"}},
            ("role_mapping", "user"),
            "no string there",
        ),
        ('{"messages": "b"}\n', {}, ("name_or_path",), "row 0 has no list"),
        ('{"messages": []}\n', {}, ("name_or_path",), "row 0 has no list"),
        (
            _ROWS + '{"messages": [{"role": "user", "content": null}], "text": "b"}\n',
            {},
            ("name_or_path",),
            "row 1 has no list",
        ),
        ('{"a": null, "b": 1}\n', {"role_mapping": {"user": "a"}}, ("role_mapping",), "nothing in"),
        (
            _LISTED,
            {"role_mapping": {"user": "turns.from.human"}},
            ("role_mapping", "user"),
            "a message whose `from` is `gpt`",
        ),
        (
            '{"turns": [{"from": ["human"], "value": "a"}]}\n',
            {"role_mapping": _TURNS},
            ("role_mapping", "user"),
            "a message whose `from` is a list",
        ),
        (
            _LISTED,
            {"role_mapping": _TURNS, "content_key": "x"},
            ("content_key",),
            "no string there",
        ),
        (
            '{"messages": [{"role": "user", "content": "a"}], "tools": "f"}\n',
            {},
            ("name_or_path",),
            "row 0 has no list of functions",
        ),
        ("not JSON", {}, ("name_or_path",), "cannot be loaded"),
        ("", {}, ("name_or_path",), "cannot be loaded: it has no rows"),
        ("\n\n", {}, ("name_or_path",), "cannot be loaded: it has no rows"),
        (
            _LISTED + '{"messages',
            {},
            ("name_or_path",),
            "`rows.jsonl`, line 2: Unterminated string",
        ),
    ],
)
def test_unusable_rows(
    text: str,
    section: dict[str, object],
    pointer: tuple[str, ...],
    message: str,
    tmp_path: Path,
) -> None:
    """A row that is no conversation is an error of the recipe at the value to change."""
    path = write(tmp_path / "rows.jsonl", text)
    source = HFInstructSourceConfig.model_validate({"name_or_path": str(path)} | section)
    with pytest.raises(RecipeError, match=message) as caught:
        _all(HFInstructSource(source).items())
    assert caught.value.pointer == pointer


def test_lists_keep_their_order(tmp_path: Path) -> None:
    """Messages of a list keep their order, several of one role in a row too; none is lost."""
    turns = [("gpt", "a"), ("gpt", "b"), ("human", "c"), ("human", ""), ("gpt", "e")]
    rows = [
        {"system": system, "turns": [{"from": who, "value": text} for who, text in turns]}
        for system in ("s", None)
    ]
    source = HFInstructSourceConfig.model_validate(
        {
            "name_or_path": str(write(tmp_path / "rows.jsonl", "\n".join(map(json.dumps, rows)))),
            "role_mapping": {"system": "system"} | _TURNS,
        }
    )
    roles = {"human": "user", "gpt": "assistant"}
    expected = [{"role": roles[who], "content": text} for who, text in turns]
    first = {"role": "system", "content": "s"}
    assert _all(HFInstructSource(source).items()) == [[first, *expected], expected]


def test_missing_split_of_a_folder(tmp_path: Path) -> None:
    """A saved folder without the split is refused with the splits that it has."""
    source = HFInstructSourceConfig(name_or_path=str(_folder_of_splits(tmp_path)), split="tests")
    with pytest.raises(RecipeError, match="no split `tests`") as caught:
        HFInstructSource(source).check()
    assert (caught.value.pointer, caught.value.hint) == (("split",), "did you mean `test`?")


@pytest.mark.parametrize("make", [_json_lines, _folder_of_splits, _plain_folder])
def test_parts_of_splits(make: Callable[[Path], Path], tmp_path: Path) -> None:
    """A split is cut by number and by per cent, and parts are joined, wherever rows come from."""
    path = str(make(tmp_path))
    for split, expected in (
        ("train[:2]", _SAID[:2]),
        ("train[50%:]", _SAID[3:]),
        ("train[4:]+train[:1]", [*_SAID[4:], _SAID[0]]),
    ):
        source = HFInstructSourceConfig(name_or_path=path, split=split)
        HFInstructSource(source).check()
        assert _counted(HFInstructSource(source).items()) == expected


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("said.jsnl", "no such file", "did you mean `said.jsonl`?"),
        ("none", "no such file", "a local file"),
        ("x/y/z", "no such file", "a local file"),
        ("*.parquet", "no file of a kind that is read", ".arrow, .csv"),
        ("notes.md", "no file of a kind that is read", ".arrow, .csv"),
        ("empty", "no file of a kind that is read", ".arrow, .csv"),
        (".", "files of several kinds: .csv, .jsonl", "choose by a pattern"),
    ],
)
def test_paths_that_hold_no_data(name: str, message: str, hint: str, tmp_path: Path) -> None:
    """A path that is not there, or not data, is told before anything is loaded."""
    _json_lines(tmp_path)
    _csv(tmp_path)
    write(tmp_path / "notes.md", "")
    write(tmp_path / "empty" / "notes.md", "")
    with pytest.raises(RecipeError, match=message) as caught:
        HFInstructSource(HFInstructSourceConfig(name_or_path=str(tmp_path / name))).check()
    assert caught.value.pointer == ("name_or_path",)
    assert caught.value.hint.startswith(hint)


def test_names_on_a_hub_are_not_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check of the recipe does not ask a hub; the fingerprint of the source does."""
    asked: list[str] = []

    def ask(name: str, *_: object, **__: object) -> None:
        asked.append(name)
        raise FileNotFoundError(name)

    monkeypatch.setattr(datasets, "load_dataset_builder", ask)
    monkeypatch.setattr(datasets, "load_dataset", ask)
    source = HFInstructSource(HFInstructSourceConfig(name_or_path="owner/name"))
    source.check()
    assert asked == []
    with pytest.raises(RecipeError):
        source.fingerprint()
    assert asked == ["owner/name"]


def test_problems_of_all_sources(tmp_path: Path) -> None:
    """Every source that cannot be used is told at once; weights are given to all or to none."""
    good = jsonl(tmp_path / "good.jsonl", _SAID)
    sources = [good | {"split": "no"}, good | {"weight": 2}, good | {"name_or_path": "/none"}]
    trainer = HandTrainer(hand_config(train_iters=1))
    trainer.config = hand_config(data={"sources": sources})
    found = SFTDataFactory(trainer, trainer.config.data).problems()
    assert [problem.pointer[2:] for problem in found] == [
        (0, "split"),
        (2, "name_or_path"),
        (1, "weight"),
    ]


def test_documents(tmp_path: Path) -> None:
    """Documents come from a column, or are whole text files; the words of Python's docs too."""
    write(tmp_path / "a.txt", "one\n\ntwo\n")
    write(tmp_path / "b.txt", "three")
    assert _all(HFCausalSource(HFCausalSourceConfig(name_or_path=str(tmp_path))).items()) == [
        "one\n\ntwo\n",
        "three",
    ]
    rows = write(tmp_path / "c.jsonl", '{"body": "x"}\n{"body": "y"}\n')
    assert _all(
        HFCausalSource(HFCausalSourceConfig(name_or_path=str(rows), column="body")).items()
    ) == [
        "x",
        "y",
    ]
    reader = HandTrainer(hand_config(train_iters=1)).make_data_factory()
    with pytest.raises(RecipeError, match="no column `text`") as caught:
        next(mix([document_source(HFCausalSourceConfig(name_or_path=str(rows)))], reader))
    assert caught.value.pointer[-1] == "name_or_path"
    assert caught.value.hint == "write `column: NAME`; there are `body`"
    assert [*source_problems(reader, [document_source(HFCausalSourceConfig(name_or_path="/none"))])]
    docs = mix([document_source(PythonDocsSourceConfig())], reader)
    assert next(docs) == "\n\n".join(message["content"] for message in python_docs()[0])


def test_mixtures(tmp_path: Path) -> None:
    """Weights are the shares of the sources, as many samples as there can be, none twice."""
    reader = HandTrainer(hand_config(train_iters=1)).make_data_factory()
    few, many = ragged(10), [[*said, *said] for said in ragged(40)]
    sources = [jsonl(tmp_path / "few.jsonl", few), jsonl(tmp_path / "many.jsonl", many)]

    def numbers(*weights: float) -> tuple[int, int]:
        weighted = [
            HFInstructSourceConfig.model_validate(source | {"weight": weight})
            for source, weight in zip(sources, weights, strict=True)
        ]
        drawn = [*mix([conversation_source(section) for section in weighted], reader)]
        assert len({str(said) for said in drawn}) == len(drawn)
        return sum(len(said) == 2 for said in drawn), sum(len(said) == 4 for said in drawn)

    assert numbers(1, 1) == (10, 10)
    assert numbers(1, 2) == (10, 20)
    assert numbers(0.1, 0.8) == (5, 40)


def test_choice_of_samples(tmp_path: Path) -> None:
    """`sample_count` chooses by `sample_seed` alone, in the order of the source, none twice."""
    reader = HandTrainer(hand_config(train_iters=1)).make_data_factory()
    said = ragged(40)
    path = str(jsonl(tmp_path / "said.jsonl", said)["name_or_path"])

    def chosen(seed: int, count: int) -> list[int]:
        source = HFInstructSourceConfig(name_or_path=path, sample_count=count, sample_seed=seed)
        return [
            said.index(conversation) for conversation in mix([conversation_source(source)], reader)
        ]

    assert chosen(1, 10) == chosen(1, 10) != chosen(2, 10)
    assert chosen(1, 10) == sorted({*chosen(1, 10)})
    assert len(chosen(1, 10)) == 10
    assert chosen(1, 40) == chosen(1, 99) == [*range(40)]
    quarter = HFInstructSourceConfig(name_or_path=path, sample_ratio=0.25, sample_seed=1)
    assert [*mix([conversation_source(quarter)], reader)] == [
        said[index] for index in chosen(1, 10)
    ]
    both = quarter.model_copy(update={"sample_count": 1})
    assert [p.pointer[-1] for p in source_problems(reader, [conversation_source(both)])] == [
        "sample_ratio"
    ]


def test_sources_follow_each_other(tmp_path: Path) -> None:
    """Several sources are read one after the other; an error points at the one that is wrong."""
    good = jsonl(tmp_path / "good.jsonl", _SAID)
    bad = good | {"split": "none"}
    docs = {"type": "python_docs", "sample_count": 3}
    trainer = HandTrainer(hand_config(data={"sources": [docs, good]}, train_iters=1))
    loaded = [*SFTDataFactory(trainer, trainer.config.data).load()]
    assert loaded[3:] == _SAID
    trainer.config = hand_config(data={"sources": [docs, good, bad]})
    with pytest.raises(RecipeError) as caught:
        list(SFTDataFactory(trainer, trainer.config.data).load())
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
