"""Files to trees."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from arctic_training.document import UnreadableError, load, plain
from tests.support import write


@pytest.mark.parametrize(
    ("data", "place", "code", "message"),
    [
        (b"", "1:1", "wrong-type", "the file is empty"),
        (b"# nothing\n", "1:1", "wrong-type", "the file is empty"),
        (b"[]\n", "1:1", "wrong-type", "expected mapping, found a list"),
        (b"0\n", "1:1", "wrong-type", "expected mapping, found `0`"),
        (b"- a\n", "1:1", "wrong-type", "expected mapping, found a list"),
        (b"\n  text\n", "2:3", "wrong-type", "expected mapping, found `text`"),
        (b"a: 1\nb: \xff\n", "2:1", "yaml-syntax", "the text is not UTF-8"),
        (b"\xff\xfea\0:\0", "1:1", "yaml-syntax", "the text is not UTF-8"),
        (b"a: [", "1:4", "yaml-syntax", None),
    ],
)
def test_a_file_that_holds_no_mapping_is_a_finding(
    tmp_path: Path, data: bytes, place: str, code: str, message: str | None
) -> None:
    """Whatever bytes a file holds, the answer is a mapping or a finding at its place."""
    file = tmp_path / "a.yaml"
    file.write_bytes(data)
    node, (problem,) = load(file)
    assert node is None
    assert (str(problem.span), problem.code) == (f"{file}:{place}", code)
    assert message in {None, problem.message}


def test_a_byte_order_mark_and_windows_lines_change_nothing(tmp_path: Path) -> None:
    """A mark at the beginning and Windows' line ends are no part of the text, and move no place."""
    file = tmp_path / "a.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: x\r\n")
    node, problems = load(file)
    assert node is not None
    assert not problems
    assert plain(node) == {"a": 1, "b": "x"}
    assert [str(e.key).rpartition(".yaml:")[2] for e in node.entries.values()] == ["1:1", "2:1"]


def test_a_path_is_shown_as_it_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path below the current folder is shown from there, any other one as it was given."""
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "a.yaml").write_text("[]", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    given = [
        tmp_path / "below" / "a.yaml",
        Path("below/a.yaml"),
        Path("../", tmp_path.name, "below/a.yaml"),
    ]
    shown = [load(path)[1][0].span.source.path for path in given]
    assert shown == ["below/a.yaml", "below/a.yaml", given[2].as_posix()]


@pytest.mark.parametrize("name", ["missing.yaml", ".", "a.yaml/b.yaml"])
def test_what_cannot_be_read_is_no_finding(tmp_path: Path, name: str) -> None:
    """A file that is not there, or is none, is an error of the environment that names it."""
    (tmp_path / "a.yaml").touch()
    with pytest.raises(UnreadableError, match=str(tmp_path)):
        load(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("mine", "; did you mean `mine.yaml`?"),  # a trainer's name, and not its definition
        ("mien.yaml", "; did you mean `mine.yaml`?"),
        ("mine.yml", "; did you mean `mine.yaml`?"),
        ("quite_another", ""),
        ("below/mine.yaml", ""),
    ],
)
def test_a_file_that_is_not_there_is_answered_with_the_nearest(
    name: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ending of a file may be left out or mistyped; the answer names the file beside it."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "mine.yaml", "a: 1")
    with pytest.raises(UnreadableError) as raised:
        load(Path(name))
    assert str(raised.value) == f"{name}: No such file or directory{hint}"


def test_a_pipe_or_device_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """A named pipe would wait for a writer, and a device may never end: neither is opened."""
    os.mkfifo(tmp_path / "pipe.yaml")
    for path in (tmp_path / "pipe.yaml", Path("/dev/zero")):
        with pytest.raises(UnreadableError, match="not a regular file"):
            load(path)
