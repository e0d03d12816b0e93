"""The same rows from files of every format: the same values, whatever the other rows have."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeAlias

import datasets
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import ipc, parquet

from arctic_training.config.data import HFCausalSourceConfig, HFInstructSourceConfig
from arctic_training.config.preference import HFPreferenceSourceConfig, HFUnpairedSourceConfig
from arctic_training.data.chat.conversation import Conversation, Preference
from arctic_training.data.sources.huggingface_causal import HFCausalSource
from arctic_training.data.sources.huggingface_instruct import HFInstructSource
from arctic_training.data.sources.huggingface_preference import HFPreferenceSource
from arctic_training.data.sources.huggingface_unpaired import HFUnpairedSource
from arctic_training.errors import RecipeError
from tests.support import write

_Row: TypeAlias = Mapping[str, object]


def _json_lines(path: Path, rows: list[_Row], *, between: str = "\n", mark: str = "") -> Path:
    path = path / "rows.jsonl"
    lines = between.join(json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_bytes((mark + lines).encode())
    return path


def _blank_lines(path: Path, rows: list[_Row]) -> Path:
    return _json_lines(path, rows, between="\r\n\r\n", mark="\ufeff")


def _compressed(path: Path, rows: list[_Row]) -> Path:
    (path / "rows.jsonl.gz").write_bytes(gzip.compress(_json_lines(path, rows).read_bytes()))
    return path / "rows.jsonl.gz"


def _json_list(path: Path, rows: list[_Row]) -> Path:
    return write(path / "rows.json", "\ufeff" + json.dumps(rows, indent=2))


def _json_one_line(path: Path, rows: list[_Row]) -> Path:
    return write(path / "rows.json", json.dumps(rows))


def _delimited(path: Path, rows: list[_Row], delimiter: str) -> Path:
    """Write what is not text as JSON."""
    names = [*dict.fromkeys(name for row in rows for name in row)]
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(names)
        for row in rows:
            cells = [row.get(name, "") for name in names]
            writer.writerow([c if isinstance(c, str) else json.dumps(c) for c in cells])
    return path


def _csv(path: Path, rows: list[_Row]) -> Path:
    return _delimited(path / "rows.csv", rows, ",")


def _tsv(path: Path, rows: list[_Row]) -> Path:
    return _delimited(path / "rows.tsv", rows, "\t")


def _parquet(path: Path, rows: list[_Row]) -> Path:
    parquet.write_table(pa.Table.from_pylist(rows), path / "rows.parquet")
    return path / "rows.parquet"


def _shards(path: Path, rows: list[_Row]) -> Path:
    """Write each row into a Parquet file of its own, with the schema that it has alone."""
    folder = path / "shards"
    folder.mkdir()
    for number, row in enumerate(rows):
        parquet.write_table(pa.Table.from_pylist([row]), folder / f"{number:03}.parquet")
    return folder


def _arrow(path: Path, rows: list[_Row]) -> Path:
    table = pa.Table.from_pylist(rows)
    with ipc.new_file(path / "rows.arrow", table.schema) as writer:
        writer.write_table(table)
    return path / "rows.arrow"


def _arrow_stream(path: Path, rows: list[_Row]) -> Path:
    table = pa.Table.from_pylist(rows)
    with ipc.new_stream(path / "rows.arrow", table.schema) as writer:
        writer.write_table(table)
    return path / "rows.arrow"


def _saved(path: Path, rows: list[_Row]) -> Path:
    datasets.Dataset.from_list(rows).save_to_disk(str(path / "saved"))
    return path / "saved"


_FORMATS: Final = {
    "JSON lines": _json_lines,
    "JSON lines with a mark, CRLF and blank lines": _blank_lines,
    "JSON lines, compressed": _compressed,
    "JSON list": _json_list,
    "JSON list on one line": _json_one_line,
    "CSV": _csv,
    "TSV": _tsv,
    "Parquet": _parquet,
    "Parquet, one file a row": _shards,
    "Arrow": _arrow,
    "Arrow stream": _arrow_stream,
    "save_to_disk": _saved,
}
_every_format: Final = pytest.mark.parametrize("make", _FORMATS.values(), ids=_FORMATS)


def _call(name: str, **arguments: object) -> dict[str, object]:
    return {"type": "function", "function": {"name": name, "arguments": arguments}}


def _turns(question: str, answer: str, *calls: dict[str, object]) -> list[dict[str, object]]:
    asks: dict[str, object] = {"role": "user", "content": question}
    says: dict[str, object] = {"role": "assistant", "content": answer}
    return [asks, says | {"tool_calls": [*calls]} if calls else says]


_CALLS: Final = [
    _turns("weather", "a", _call("weather", city="Paris", days=[1, 2])),
    _turns("add", "", _call("add", x=1, where={"y": "z"})),
    _turns("nothing", "b", _call("now", city="Rome"), _call("add", x=2)),
    _turns("none", 'line\u2028sep\u0085\x0bv\r\nw "quoted"\t\'\U0001f600 e\u0301'),
]
_TOOLS: Final = [
    [{"name": "weather", "parameters": {"city": {"type": "string"}}}],
    [{"name": "add", "parameters": {"x": {"type": "integer"}}}, {"name": "now"}],
    [{"name": "now"}, {"name": "add", "parameters": {"x": {"type": "integer"}}}],
    None,
]


@_every_format
def test_calls_have_the_keys_of_their_own_row(
    make: Callable[[Path, list[_Row]], Path], tmp_path: Path
) -> None:
    """No call and no function on offer gets a key that only other rows have."""
    rows: list[_Row] = [
        {"messages": said} | ({"tools": tools} if tools else {})
        for said, tools in zip(_CALLS, _TOOLS, strict=True)
    ]
    expected = [
        [said[0] | ({"tools": tools} if tools else {}), said[1]]
        for said, tools in zip(_CALLS, _TOOLS, strict=True)
    ]
    source = HFInstructSourceConfig(name_or_path=str(make(tmp_path, rows)))
    HFInstructSource(source).check()
    items = HFInstructSource(source).items()
    assert [*items.stream()] == expected
    counted = items.sized()
    assert [*counted.load(np.arange(counted.count))] == expected
    assert [*counted.load(np.array([1, 3]))] == [expected[1], expected[3]]


_LIKE_NUMBERS: Final = [
    *["None", "null", "NA", "nan", "n/a", "N/A", "NULL", "-", "#N/A", "<NA>"],
    *["007", "1e5", "1.0", "True", "false", "inf", "2020-01-01", "12:30", "0x10", "1,5", " 7 "],
]


@_every_format
def test_text_is_text(make: Callable[[Path, list[_Row]], Path], tmp_path: Path) -> None:
    """Text that looks like a number, a date or a missing value stays text as it is."""
    rows: list[_Row] = [{"question": str(i), "answer": a} for i, a in enumerate(_LIKE_NUMBERS)]
    source = HFInstructSourceConfig(
        name_or_path=str(make(tmp_path, rows)),
        role_mapping={"user": "question", "assistant": "answer"},
    )
    said: list[Conversation] = [*HFInstructSource(source).items().stream()]
    assert [[m["content"] for m in each] for each in said] == [[*row.values()] for row in rows]


@_every_format
def test_labels_and_documents_are_the_same(
    make: Callable[[Path, list[_Row]], Path], tmp_path: Path
) -> None:
    """Labels are true and false, and documents of digits are text, in every format."""
    rows: list[_Row] = [
        {"prompt": "1", "completion": "2", "label": True},
        {"prompt": "3", "completion": "4", "label": False},
    ]
    path = str(make(tmp_path, rows))
    said = [{"role": "user", "content": "1"}], [{"role": "assistant", "content": "2"}]
    bad = [{"role": "user", "content": "3"}], [{"role": "assistant", "content": "4"}]
    assert [*HFUnpairedSource(HFUnpairedSourceConfig(name_or_path=path)).items().stream()] == [
        (said[0], said[1], []),
        (bad[0], [], bad[1]),
    ]
    documents = HFCausalSourceConfig(name_or_path=path, column="completion")
    assert [*HFCausalSource(documents).items().stream()] == ["2", "4"]


@_every_format
def test_preferences_are_the_same(make: Callable[[Path, list[_Row]], Path], tmp_path: Path) -> None:
    """Completions may be text or lists of messages with calls, in every format."""
    chosen, rejected = _CALLS[0][1:], _CALLS[1][1:]
    rows: list[_Row] = [{"prompt": "q", "chosen": chosen, "rejected": rejected}]
    source = HFPreferenceSourceConfig(name_or_path=str(make(tmp_path, rows)))
    prompt = [{"role": "user", "content": "q"}]
    assert [*HFPreferenceSource(source).items().stream()] == [(prompt, chosen, rejected)]
    assert isinstance(next(HFPreferenceSource(source).items().stream()), Preference)


@_every_format
def test_lists_of_turns_are_the_same(
    make: Callable[[Path, list[_Row]], Path], tmp_path: Path
) -> None:
    """Lists whose items name who speaks are read in every format, whatever their keys."""
    turns = [{"from": "human", "value": "a"}, {"from": "gpt", "text": "b", "score": 1}]
    rows: list[_Row] = [{"turns": turns}, {"turns": turns[::-1]}]
    source = HFInstructSourceConfig(
        name_or_path=str(make(tmp_path, rows)),
        role_mapping={"user": "turns.from.human", "assistant": "turns.from.gpt"},
    )
    said = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    assert [*HFInstructSource(source).items().stream()] == [said, said[::-1]]


def test_later_rows_may_have_other_keys(tmp_path: Path) -> None:
    """Rows of JSON lines need not agree on keys and types, however many there are."""
    turns = [{"role": "user", "content": "q" * 2000}]
    rows: list[_Row] = [
        {"messages": turns, "unused": None, "number": 1},
        *[{"messages": turns, "unused": None, "number": 1}] * 6000,
        {"unused": "text", "number": "one", "messages": turns, "more": {"x": [1]}},
        {"messages": [*turns, {"role": "assistant", "content": "a", "score": 1.5}]},
    ]
    source = HFInstructSourceConfig(name_or_path=str(_json_lines(tmp_path, rows)))
    counted = HFInstructSource(source).items().sized()
    assert counted.count == len(rows)
    assert [*counted.load(np.array([0, counted.count - 1]))] == [turns, rows[-1]["messages"]]


def test_numbers_stay_what_they_are(tmp_path: Path) -> None:
    """An integer stays one beside another row's fraction; keys keep the order of their row."""
    calls = [_call("f", x=1, y=2), _call("f", y=1.5, x=10**30)]
    rows: list[_Row] = [{"messages": _turns("q", "a", call)} for call in calls]
    source = HFInstructSourceConfig(name_or_path=str(_json_lines(tmp_path, rows)))
    said = HFInstructSource(source).items().stream()
    assert [json.dumps(each[1]["tool_calls"][0]) for each in said] == [*map(json.dumps, calls)]


def test_a_column_that_the_first_row_lacks(tmp_path: Path) -> None:
    """A column is there if any of the first rows has it, and null in those that do not."""
    rows: list[_Row] = [{"a": "x"}, {"s": "y", "a": "z"}]
    section = {"role_mapping": {"system": "s", "assistant": "a"}}
    path = str(_json_lines(tmp_path, rows))
    source = HFInstructSourceConfig.model_validate({"name_or_path": path} | section)
    HFInstructSource(source).check()
    said = [[m["content"] for m in each] for each in HFInstructSource(source).items().stream()]
    assert said == [["x"], ["y", "z"]]


def test_json_columns_of_datasets(tmp_path: Path) -> None:
    """What `datasets` keeps as JSON text is read as values, from Parquet and from its folders."""
    features = datasets.Features(
        {"messages": datasets.List({"role": datasets.Value("string"), "c": datasets.Json()})}
    )
    rows = [
        {"messages": [{"role": "x", "c": {"a": [1]}}]},
        {"messages": [{"role": "x", "c": None}]},
    ]
    data = datasets.Dataset.from_list(rows, features=features)
    data.to_parquet(str(tmp_path / "rows.parquet"))
    data.save_to_disk(str(tmp_path / "saved"))
    for name in ("rows.parquet", "saved"):
        source = HFInstructSourceConfig(
            name_or_path=str(tmp_path / name),
            role_mapping={"assistant": "messages.role.x"},
            content_key="c",
        )
        with pytest.raises(RecipeError, match="row 0 has no string there"):
            [*HFInstructSource(source).items().stream()]


def test_values_that_json_does_not_have(tmp_path: Path) -> None:
    """Dates, maps, bytes and decimals of Parquet become what JSON would have; null stays null."""
    message = pa.struct(
        [
            ("role", pa.dictionary(pa.int8(), pa.string())),
            ("content", pa.large_string()),
            ("at", pa.timestamp("s", "UTC")),
            ("map", pa.map_(pa.string(), pa.date32())),
            ("bytes", pa.binary()),
            ("cost", pa.decimal128(5, 2)),
            ("took", pa.duration("s")),
        ]
    )
    at = datetime(2026, 1, 2, tzinfo=UTC)
    full = {"role": "user", "content": "a", "at": at, "map": {"d": at.date()}, "bytes": b"\xffx"}
    said = [full | {"cost": Decimal("1.50"), "took": 7}, {"role": "user", "content": "b"}]
    table = pa.table({"messages": pa.array([said], pa.list_(message))})
    parquet.write_table(table, tmp_path / "rows.parquet")
    source = HFInstructSourceConfig(name_or_path=str(tmp_path / "rows.parquet"))
    counted = HFInstructSource(source).items().sized()
    assert [*counted.load(np.arange(1))] == [
        [
            {
                "role": "user",
                "content": "a",
                "at": "2026-01-02T00:00:00+00:00",
                "map": {"d": "2026-01-02"},
                "bytes": "\\xffx",
                "cost": "1.50",
                "took": "0:00:07",
            },
            {"role": "user", "content": "b"},
        ]
    ]
