"""The page of a run."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typing_extensions import override

from tests.support import arctic_train, write
from tests.tiny import HandTrainer, hand_config, jsonl, ragged


class _Sources(HTMLParser):
    """Collects what a page would fetch, and its text outside scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.text = ""
        self._in_script = False

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_script = tag in {"script", "style"}
        self.fetched += [value or "" for name, value in attrs if name in {"src", "href"}]

    @override
    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    @override
    def handle_data(self, data: str) -> None:
        self.text += "" if self._in_script else data


def _read(path: Path) -> tuple[_Sources, str]:
    html = path.read_text(encoding="utf-8")
    page = _Sources()
    page.feed(html)
    return page, html


def test_a_run_becomes_a_page(tmp_path: Path) -> None:
    """The page of a run has its curves, its recipe and its environment, and fetches nothing."""
    data = {"sources": jsonl(tmp_path / "data.jsonl", ragged(6))}
    metrics = tmp_path / "run" / "metrics.jsonl"
    HandTrainer(hand_config(data=data, train_log_metrics_path=metrics, seed=4711)).train()
    result = arctic_train("report", "run", folder=tmp_path)
    assert (result.code, result.out) == (0, "written: run/metrics.html\n")
    page, html = _read(tmp_path / "run" / "metrics.html")
    assert page.fetched == []
    assert "seed: 4711" in page.text
    assert "deepspeed" in page.text
    assert "1 to 3" in page.text
    curves = re.findall(r'"title":\{"text":"([^"]+)"\}', html)
    shown = [title for title in curves if title != "optimizer step"]
    assert shown[:2] == ["loss", "learning rate"]
    assert {"tokens each", "samples", "tokens per second", "step time"} <= set(shown)


def test_torn_lines_and_gaps_are_left_out(tmp_path: Path) -> None:
    """What a lost machine leaves of a run still has a page; what is text is shown as text."""
    lines = [json.dumps({"step": n, "loss": 1 / n, "<b>odd</b>": None}) for n in (1, 2, 3)]
    lines.append(json.dumps({"step": 3, "evaluation": "held out", "loss": 0.5}))
    write(tmp_path / "m.jsonl", "\n".join([*lines, '{"step": 4, "lo']))
    result = arctic_train("report", "m.jsonl", "--output", "page.html", folder=tmp_path)
    assert result.code == 0
    page, html = _read(tmp_path / "page.html")
    assert '"held out: loss"' in html
    assert "1 to 3" in page.text
    assert "Recipe" not in page.text


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "has no file of metrics"),
        (["a.jsonl", "b.jsonl"], "name one: a.jsonl, b.jsonl"),
        (["a.jsonl"], "holds no step of a run"),
    ],
)
def test_what_is_no_run_is_said(tmp_path: Path, files: list[str], message: str) -> None:
    """A folder without a run, or with several, ends with a sentence that says what to name."""
    for name in files:
        (tmp_path / name).write_bytes(b"[]\n\xff\n")
    result = arctic_train("report", ".", folder=tmp_path)
    assert result.code == 2
    assert message in result.err


def test_no_file_but_a_page_is_overwritten(tmp_path: Path) -> None:
    """`report` keeps every file that it did not write, and writes its own page again."""
    write(tmp_path / "run/metrics.jsonl", '{"step": 1, "epoch": 0, "loss": 1.0}\n')
    notes = write(tmp_path / "run/metrics.html", "<!doctype html>\n<p>notes\n")
    done = arctic_train("report", "run", folder=tmp_path)
    assert (done.code, "is not a report page and is not overwritten" in done.err) == (2, True)
    assert notes.read_text("utf-8") == "<!doctype html>\n<p>notes\n"
    for _ in range(2):
        again = arctic_train("report", "run", "--output", "page.html", folder=tmp_path)
        assert (again.code, again.out) == (0, "written: page.html\n")
    recipe = write(tmp_path / "recipe.yaml", "type: sft\n")
    assert arctic_train("report", "run", "--output", "recipe.yaml", folder=tmp_path).code == 2
    assert recipe.read_text("utf-8") == "type: sft\n"
