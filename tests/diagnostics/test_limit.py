"""A limit on findings of the same kind."""

from __future__ import annotations

from pathlib import Path

from arctic_training.diagnostics import Diagnostic, Severity, Source
from arctic_training.diagnostics.limit import MOST_ALIKE, limited
from tests.support import RECIPE, arctic_train, write

_SOURCE = Source("a.yaml", "\n" * 200)


def _found(code: str, number: int, severity: Severity = Severity.ERROR) -> list[Diagnostic]:
    lines = range(1, number + 1)
    return [
        Diagnostic(code=code, message=f"{line}", span=_SOURCE.line(line), severity=severity)
        for line in lines
    ]


def test_findings_of_a_kind_are_limited_and_counted() -> None:
    """The first of a code in a file are kept in order; one finding counts the others."""
    few, many = _found("few", MOST_ALIKE), _found("many", 120, Severity.WARNING)
    kept = limited([*many, *few])
    assert [each for each in kept if each.code == "few"] == few
    assert [each for each in kept if each.code == "many"] == many[:MOST_ALIKE]
    (count,) = (each for each in kept if each.code == "too-many")
    assert count.message == "and 70 more `many` findings from here on"
    assert (count.span, count.severity) == (many[MOST_ALIKE].span, Severity.WARNING)


def test_findings_of_the_parser_are_limited(tmp_path: Path) -> None:
    """A recipe with the same mistake of syntax on many lines ends in one count."""
    write(tmp_path / "r.yaml", RECIPE + "seed: 1\n" * 300)
    done = arctic_train("--dry-run", "r.yaml", folder=tmp_path)
    assert done.out.count("error[duplicate-key]") == MOST_ALIKE
    assert "error[too-many]: and 249 more `duplicate-key` findings from here on" in done.out
