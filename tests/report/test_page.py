"""The page of a run or of several: what is in it, and that it fetches nothing."""

from __future__ import annotations

import base64
import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import yaml
from typing_extensions import override

from tests.report.recorded import record_run
from tests.support import arctic_train, write
from tests.tiny import HandTrainer, hand_config, jsonl, ragged


class _Page(HTMLParser):
    """Collects what a page would fetch, its elements and its text outside scripts."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.data = ""
        self._in = ""
        self.feed(path.read_text(encoding="utf-8"))

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self._in = "json" if known.get("type") == "application/json" else tag
        self.elements.append((tag, known))
        self.fetched += [value for name, value in known.items() if name in {"src", "href"}]

    @override
    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    @override
    def handle_data(self, data: str) -> None:
        if self._in == "json":
            self.data += data
        elif self._in not in {"script", "style"}:
            self.text += data

    @property
    def charts(self) -> list[str]:
        """The figures in the order of their charts."""
        return [each["data-figure"] for tag, each in self.elements if tag == "figure"]

    @property
    def runs(self) -> list[dict[str, dict[str, dict[str, str]]]]:
        """The curves as the script reads them."""
        runs: list[dict[str, dict[str, dict[str, str]]]] = json.loads(self.data)
        return runs


def _values(packed: str) -> list[float]:
    values: list[float] = np.frombuffer(base64.b64decode(packed), "<f4").tolist()
    return values


def test_a_run_becomes_a_page(tmp_path: Path) -> None:
    """The page of a real run has its status, its recipe and its curves, and fetches nothing."""
    data = {"sources": jsonl(tmp_path / "data.jsonl", ragged(6))}
    metrics = tmp_path / "run" / "metrics.jsonl"
    HandTrainer(hand_config(data=data, train_log_metrics_path=metrics, seed=4711)).train()
    result = arctic_train("report", "run", folder=tmp_path)
    assert (result.code, result.out) == (0, "written: run/metrics.html\n")
    page = _Page(tmp_path / "run" / "metrics.html")
    assert page.fetched == []
    assert ("meta", "viewport") in [(tag, each.get("name")) for tag, each in page.elements]
    for text in ("seed: 4711", "deepspeed", "3 of 3", "finished", "UTC", "tokens/s"):
        assert text in page.text
    given, _, rest = page.text.partition("All values, with defaults")
    assert "seed: 4711" in given
    assert "eval_interval" not in given
    assert "eval_interval: 0" in rest
    assert page.charts[:5] == ["loss", "tokens_each", "samples", "learning_rate", "gradient_norm"]


def test_torn_lines_and_gaps_are_left_out(tmp_path: Path) -> None:
    """A damaged run of an earlier version still has a page; an evaluation shares its chart."""
    lines = [json.dumps({"step": n, "loss": 1 / n, "margin": None}) for n in (1, 2, 3)]
    lines.append(json.dumps({"step": 3, "evaluation": "held out", "loss": 0.5}))
    write(tmp_path / "m.jsonl", "\n".join([*lines, '{"step": 4, "lo']))
    write(tmp_path / "m.run.json", '{"recipe": {"seed": 1}, "sessions": [7, {"started": "x"}]}')
    result = arctic_train("report", "m.jsonl", "--output", "page.html", folder=tmp_path)
    assert result.code == 0
    page = _Page(tmp_path / "page.html")
    (run,) = page.runs
    assert page.charts == ["loss", "margin"]
    assert _values(run["curves"]["loss"]["mean"]) == pytest.approx([1, 1 / 2, 1 / 3])
    assert np.isnan(_values(run["curves"]["margin"]["mean"])).all()
    assert [each["name"] for each in json.loads(page.data)[0]["evaluations"]] == ["held out"]
    assert "unknown" in page.text
    assert "seed: 1" in page.text


def test_names_and_recipes_are_text(tmp_path: Path) -> None:
    """Nothing that a user names, or that a run says, becomes an element of the page."""
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    folder = tmp_path / "<img src=x>"
    record_run(folder, 3, name=evil, reason=evil, recipe={evil: evil})
    result = arctic_train("report", folder, "--output", "page.html", folder=tmp_path)
    assert result.code == 0, result.err
    page = _Page(tmp_path / "page.html")
    assert page.fetched == []
    assert [tag for tag, _ in page.elements].count("script") == 3
    assert "img" not in {tag for tag, _ in page.elements}
    assert evil in page.text
    assert evil in page.charts
    assert json.loads(page.data)[0]["evaluations"][0]["name"] == evil


def test_several_runs_share_a_page(tmp_path: Path) -> None:
    """Runs are compared: key figures side by side, their curves together, where recipes differ."""
    record_run(tmp_path / "a" / "run", 4, recipe={"seed": 1, "epochs": 3})
    record_run(tmp_path / "b" / "run", 2, recipe={"seed": 2, "epochs": 3}, status="failed")
    result = arctic_train("report", "a/run", "b/run", "a/run", folder=tmp_path)
    assert (result.code, result.out) == (0, "written: report.html\n")
    page = _Page(tmp_path / "report.html")
    assert [run["name"] for run in json.loads(page.data)] == ["a/run", "b/run"]
    assert {"finished", "failed"} <= {each.get("data-status") for _, each in page.elements}
    differences = page.text.partition("Differences of the recipes")[2].partition("Recipe of")[0]
    assert differences.split() == ["keya/runb/run", "seed12"]


@pytest.mark.parametrize("steps", [10_000, 40_000])
def test_long_runs_keep_their_extremes_in_little_room(steps: int, tmp_path: Path) -> None:
    """However long a run, its page has at most 6 MB, and shows its highest and lowest loss."""
    record_run(tmp_path, steps, figures=12, peak_at=steps // 2 + 1)
    assert arctic_train("report", ".", folder=tmp_path).code == 0
    path = tmp_path / "metrics.html"
    assert path.stat().st_size <= 6_000_000
    curve = _Page(path).runs[0]["curves"]["loss"]
    assert max(_values(curve.get("high", curve["mean"]))) == 99.0
    assert min(_values(curve.get("low", curve["mean"]))) == -99.0


def test_a_page_is_not_written_over_a_recipe(tmp_path: Path) -> None:
    """A file that is no page of a report stays as it is."""
    record_run(tmp_path / "run", 2)
    recipe = write(tmp_path / "recipe.yaml", yaml.safe_dump({"seed": 1}))
    result = arctic_train("report", "run", "--output", "recipe.yaml", folder=tmp_path)
    assert result.code == 2
    assert yaml.safe_load(recipe.read_text()) == {"seed": 1}
    for _ in range(2):
        assert arctic_train("report", "run", folder=tmp_path).code == 0


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "has no metrics file"),
        (["a.jsonl", "b.jsonl"], "name one: a.jsonl, b.jsonl"),
        (["a.jsonl"], "has no optimizer step of a run"),
    ],
)
def test_what_is_no_run_is_said(tmp_path: Path, files: list[str], message: str) -> None:
    """A folder without a run, or with several, ends with a sentence that says what to name."""
    for name in files:
        (tmp_path / name).write_bytes(b"[]\n\xff\n")
    result = arctic_train("report", ".", folder=tmp_path)
    assert result.code == 2
    assert message in result.err
