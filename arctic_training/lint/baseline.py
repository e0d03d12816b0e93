"""Findings that were there before: a file that lists them, so that only new ones are reported."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias, cast

from arctic_training.definition.rules import Finding
from arctic_training.diagnostics import Diagnostic, Span
from arctic_training.document import JSON, ListNode, find, load, plain, value_span
from arctic_training.lint.rule import LintRule
from arctic_training.validation import Schema, check

__all__ = ["BASELINE_RULES", "Baseline", "baseline_text", "is_baseline", "read_baseline"]

_Key: TypeAlias = tuple[str, str, str]
_KEYS: Final = ("path", "rule", "message")
_ENTRY: Final[JSON] = {
    "type": "object",
    "additionalProperties": False,
    "required": [*_KEYS],
    "properties": {key: {"type": "string"} for key in _KEYS},
}
_SCHEMA: Final = Schema(
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["version", "findings"],
        "properties": {"version": {"const": 1}, "findings": {"type": "array", "items": _ENTRY}},
    }
)


@dataclass(frozen=True, slots=True)
class Baseline:
    """The findings of a file, each with its place there. Paths start at the file's folder."""

    folder: Path
    entries: tuple[tuple[_Key, Span], ...]

    def new(self, found: list[Diagnostic]) -> list[Diagnostic]:
        """Return the findings that are not listed; one that is listed twice is known twice."""
        known = Counter(key for key, _ in self.entries)
        kept = []
        for diagnostic in found:
            key = _key(diagnostic, self.folder)
            if known[key] > 0:
                known[key] -= 1
            else:
                kept.append(diagnostic)
        return kept

    def stale(self, found: list[Diagnostic], looked_at: Collection[Path]) -> Iterator[Finding]:
        """Iterate over entries of files that were looked at, or are gone, to which nothing fits."""
        left = Counter(_key(diagnostic, self.folder) for diagnostic in found)
        for key, span in self.entries:
            path = (self.folder / key[0]).resolve()
            if left[key] > 0:
                left[key] -= 1
            elif path in looked_at or not path.exists():
                message = f"`{key[1]}` is not found in {key[0]} any more"
                yield Finding(
                    message=message, span=span, help="rewrite the baseline with `--write-baseline`"
                )


def read_baseline(path: Path) -> tuple[Baseline, list[Diagnostic]]:
    """Read a baseline; with any problem it is empty.

    Raises:
        UnreadableError: there is no such file, or it cannot be read.

    """
    node, problems = load(path)
    problems = problems or (check(node, _SCHEMA) if node else [])
    folder = path.resolve().parent
    if problems or node is None:
        return Baseline(folder, ()), problems
    findings = find(node, ("findings",))
    assert isinstance(findings, ListNode)
    entries = [cast("dict[str, str]", plain(item)) for item in findings.items]
    keys = [(entry["path"], entry["rule"], entry["message"]) for entry in entries]
    spans = [value_span(item, ()) for item in findings.items]
    return Baseline(folder, tuple(zip(keys, spans, strict=True))), []


def is_baseline(path: Path) -> bool:
    """Return whether a file is a baseline.

    Raises:
        UnreadableError: it cannot be read.

    """
    node, problems = load(path)
    return node is not None and not problems and not check(node, _SCHEMA)


def baseline_text(found: list[Diagnostic], folder: Path) -> str:
    """Return the text of a baseline in a folder that lists some findings."""
    keys = sorted(_key(diagnostic, folder) for diagnostic in found)
    findings = [dict(zip(_KEYS, key, strict=True)) for key in keys]
    return json.dumps({"version": 1, "findings": findings}, indent=2) + "\n"


def _key(diagnostic: Diagnostic, folder: Path) -> _Key:
    path = Path(os.path.relpath(Path(diagnostic.span.source.path).resolve(), folder))
    return path.as_posix(), diagnostic.code, diagnostic.message


BASELINE_RULES: Final = (
    LintRule(
        name="stale-baseline",
        summary="A baseline lists no finding that is fixed.",
        reason="What it lists too much would hide the same finding when it comes back. "
        "`--write-baseline` rewrites it.",
    ),
)
"""The rules about baselines."""
