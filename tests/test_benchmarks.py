"""`make bench`: verdicts and exit codes; the figures themselves are for `make bench` alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.benchmarks import __main__ as bench
from tests.benchmarks import commands
from tests.benchmarks.measurement import Measurement


@pytest.mark.parametrize(
    ("value", "budget", "more_is_better", "verdict"),
    [
        (1.0, None, False, ""),
        (1.0, 1.0, False, "ok"),
        (1.01, 1.0, False, "over budget"),
        (1.0, 1.0, True, "ok"),
        (0.99, 1.0, True, "over budget"),
    ],
)
def test_a_verdict_compares_with_the_budget(
    value: float, budget: float | None, verdict: str, *, more_is_better: bool
) -> None:
    """A budget is the highest value allowed, or the lowest where more is better."""
    found = Measurement(
        name="x", value=value, unit="x", budget=budget, more_is_better=more_is_better
    )
    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("value", "code", "last"), [(1.0, 0, "every budget is kept"), (3.0, 1, "1 over budget")]
)
def test_a_figure_over_budget_is_exit_code_1(
    value: float,
    code: int,
    last: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One table with verdicts is printed, and the exit code says whether a budget was exceeded."""

    def measure() -> Iterator[Measurement]:
        yield Measurement(name="a command", value=value, unit="x", budget=2)

    monkeypatch.setattr(commands, "measure", measure)
    assert bench.main(["commands"]) == code
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == last
    assert any("a command" in line and f"{value:.2f} x" in line for line in lines)


def test_every_benchmark_is_measured() -> None:
    """`make bench` runs each module of tests/benchmarks that measures something."""
    paths = [
        path for path in bench.FOLDER.glob("*.py") if "def measure(" in path.read_text("utf-8")
    ]
    assert {path.stem for path in paths} == {*bench.NAMES}
