"""Files that are damaged, or are not what their name says: one clear error, at the line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arctic_training.config.data import HFInstructSourceConfig
from arctic_training.data.sources import json_rows
from arctic_training.data.sources.files import Files, located_data
from arctic_training.data.sources.huggingface_instruct import HFInstructSource
from arctic_training.data.sources.row_files import file_columns, file_rows
from arctic_training.errors import RecipeError

_COLUMNS = ["q", "a"]


def _rows(path: Path, content: str | bytes) -> list[tuple[object, ...]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    kind = {".jsonl": "json"}.get(path.suffix, path.suffix[1:])
    assert {*_COLUMNS} <= {*file_columns(kind, [path], [_COLUMNS])}
    return [tuple(row.values()) for row in file_rows(kind, [path], _COLUMNS)]


def _source(path: Path) -> HFInstructSourceConfig:
    return HFInstructSourceConfig(
        name_or_path=str(path), role_mapping={"user": "q", "assistant": "a"}
    )


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("x.tsv", 'q\ta\n1\t"yes\n2\tno\n3\t"none\n', [("1", '"yes'), ("2", "no"), ("3", '"none')]),
        ("x.tsv", 'q\ta\n1\t"yes\n2\tno"\n', [("1", '"yes'), ("2", 'no"')]),
        ("x.tsv", 'q\ta\n1\tsay "a b" now\n', [("1", 'say "a b" now')]),
        ("x.tsv", 'q\ta\n1\t"say ""a"""\n', [("1", 'say "a"')]),
        ("x.tsv", 'q\ta\n1\t"a\r\nb"\r\n"a\tb"\tc\r\n', [("1", "a\r\nb"), ("a\tb", "c")]),
        ("x.tsv", 'q\ta\n"1\tb\n', [('"1', "b")]),
        ("x.tsv", 'q\ta\n1\t"a" b\n\n2\t\n', [("1", '"a" b'), ("2", None)]),
        ("x.csv", 'q,a\n1,"yes\nno"\n2,"say ""a"""\n', [("1", "yes\nno"), ("2", 'say "a"')]),
        ("x.csv", "q,a\n1, yes \n\n2,\n", [("1", " yes "), ("2", None)]),
        (
            "x.csv",
            'q,a\r\n1,say "a"\x00\u2028\u0085\x0b\r\n',
            [("1", 'say "a"\x00\u2028\u0085\x0b')],
        ),
        ("x.csv", f"q,a\n1,{'x' * 300_000}\n", [("1", "x" * 300_000)]),
        ("x.csv", "\ufeffa,b,q\n1,2,3\n", [("3", "1")]),
        ("x.csv", "q,b,b,a\n1,2,3,4\n", [("1", "4")]),
        ("x.json", ' \n[{"q": "]"} ,\n{"a": [1, null], "q": NaN}]\n', None),
    ],
)
def test_values_of_cells(
    name: str, content: str, expected: list[tuple[object, ...]] | None, tmp_path: Path
) -> None:
    """A cell is the text between its separators, without quotes that enclose all of it."""
    rows = _rows(tmp_path / name, content)
    assert rows == expected or (expected is None and len(rows) == 2)


@pytest.mark.parametrize(
    ("name", "content", "reason", "hint"),
    [
        (
            "x.csv",
            'q,a\n1,b\n2,"y\n3,z\n',
            "line 3: the row that begins here has a quoted",
            "close",
        ),
        ("x.csv", 'q,a\n1,"y" z\n', "line 2: the row that begins here has a quoted", "close"),
        ("x.csv", 'q,a\n1,"y\n2,z\n3,"x\n', "line 2: the row that begins here", "close"),
        ("x.csv", "q,a\n1\n", "line 2: expected 2 cells as in the header, found 1", "quote"),
        ("x.csv", "q,a\n1,b,c\n", "line 2: expected 2 cells as in the header, found 3", "quote"),
        ("x.csv", "q;a\n1;b\n", "line 1: the header has no `,` but `;`", "separate"),
        ("x.csv", "q\ta\n1\tb\n", "line 1: the header has no `,` but tab", "separate"),
        ("x.csv", "q,a\r1,b\r", "line 1: carriage return", "end lines with"),
        ("x.csv", "q,a\n1,\u00e9\n".encode("latin-1"), "line 2: byte 0xe9 is not UTF-8", "save it"),
        ("x.csv", "q,a\n1,b\n".encode("utf-16"), "`x.csv`: it is UTF-16", "save it as UTF-8"),
        ("x.tsv", "q,a\n1,b\n", "line 1: the header has no tab but `,`", "separate"),
        ("x.tsv", "q\ta\n1\tb\n2\n", "line 3: expected 2 cells as in the header, found 1", "quote"),
        ("x.jsonl", '{"q": 1}\n\n{"a": }\n', "line 3: Expecting value", "write one object"),
        ("x.jsonl", '{"q": 1}\n[2]\n', "line 2: expected object, found list", "write one object"),
        ("x.jsonl", b'{"q": 1}\n{"a": "\xff"}\n', "line 2: byte 0xff is not UTF-8", "save it"),
        ("x.jsonl", '{"q": 1}\n{"a": "\\ud83d"}\n', "line 2: an escaped character is half", ""),
        ("x.jsonl", '{"q":' + "[" * 100_000, "line 1: it is nested too deeply", ""),
        ("x.jsonl", '{"q": 1' + "0" * 5000 + "}\n", "line 1: Exceeds the limit", ""),
        ("x.json", '[{"q": 1}\n{"a": 2}]', "line 2: expected `]`, found `{`", "write one object"),
        ("x.json", '[\n{"q": 1},\n{"a": x}]', "line 3: Expecting value", "write one object"),
        ("x.json", '[{"q": "1", "a": "2"}] 3', "line 1: text behind the end of the list", ""),
        ("x.json", '[{"q": 1}, {"a": "b', "line 1: Unterminated string", "write one object"),
        ("x.json", '[{"q": 1}', "line 1: expected `]`, found the end", "write one object"),
        ("x.json", '{\n"q": 1,\n"a": 2}\n', "line 1: Expecting property name", "write one object"),
        ("x.parquet", "q,a\n", "`x.parquet`: it is not a Parquet file", ""),
        ("x.arrow", "q,a\n", "`x.arrow`: it is not an Arrow file", ""),
        ("x.jsonl.gz", "{}", "gzip", ""),
    ],
)
def test_damaged_files(
    name: str, content: str | bytes, reason: str, hint: str, tmp_path: Path
) -> None:
    """A file that cannot be read as rows is an error of the recipe, with the line and a remedy."""
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    items = HFInstructSource(_source(tmp_path / name)).items()
    for read in (lambda: [*items.stream()], items.sized):
        with pytest.raises(RecipeError) as caught:
            read()
        assert caught.value.pointer == ("name_or_path",)
        assert reason in caught.value.message
        assert caught.value.hint.startswith(hint)


def test_single_column_that_may_be_quoted(tmp_path: Path) -> None:
    """A TSV file of one column does not say whether lines belong together: it is refused."""
    (tmp_path / "x.tsv").write_text('q\n"a\nb"\n')
    path = str(tmp_path / "x.tsv")
    source = HFInstructSourceConfig(name_or_path=path, role_mapping={"user": "q"})
    with pytest.raises(RecipeError, match="line 2: it is not clear"):
        HFInstructSource(source).items().sized()


def test_column_that_is_there_twice(tmp_path: Path) -> None:
    """Two columns of a name are refused where the name is needed, at its key."""
    (tmp_path / "x.csv").write_text("q,a,a\n1,2,3\n")
    with pytest.raises(RecipeError, match="there are 2 columns `a`") as caught:
        HFInstructSource(_source(tmp_path / "x.csv")).check()
    assert caught.value.pointer == ("role_mapping", "assistant")


def test_every_file_needs_the_columns(tmp_path: Path) -> None:
    """A column that one of several files lacks is missing."""
    (tmp_path / "1.csv").write_text("q,a\n1,2\n")
    (tmp_path / "2.csv").write_text("a,b\n1,2\n")
    (tmp_path / "3.csv").write_text("")
    source = HFInstructSourceConfig(name_or_path=str(tmp_path), role_mapping={"user": "q"})
    with pytest.raises(RecipeError, match="no column `q`"):
        HFInstructSource(source).check()


@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_lists_are_read_in_chunks(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list of any length is read a chunk at a time, wherever the chunks begin."""
    rows = [{"q": "\u00e9\U0001f600" * n, "a": {"x": [n, -1.5, True, None]}} for n in range(12)]
    (tmp_path / "x.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    monkeypatch.setattr(json_rows, "_CHUNK", size)
    assert [*json_rows.json_rows(tmp_path / "x.json")] == rows


@pytest.mark.parametrize("name", ["DATA.CSV", "data.Csv.GZ"])
def test_suffixes_in_capitals(name: str, tmp_path: Path) -> None:
    """The case of a suffix does not matter: some systems write it in capitals."""
    (tmp_path / name).touch()
    assert located_data(str(tmp_path / name)) == Files("csv", (tmp_path / name,))
