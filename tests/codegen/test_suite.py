"""The official test suite of JSON Schema, draft 7, on config fields.

The suite is in `draft7.json`, with where it comes from and its licence. Its schemas leave types
out, ours may not: each is tried as it is and completed with types, which can only make it
stricter. A case of a completed schema is decided by `jsonschema`, and as the suite does wherever
the completion does not come into it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from jsonschema import Draft7Validator

from arctic_training.definition.stages import read_definitions
from arctic_training.document import JSON
from arctic_training.document.numbers import human_number
from tests.codegen.made import SECTIONS, made_of, refused_by
from tests.support import DEFINITION, ROOT, write

_Schema = dict[str, JSON]
_SUITE: Final = json.loads(Path(__file__).with_name("draft7.json").read_text("utf-8"))["files"]
_KINDS: Final = {"type", "enum", "const", "$ref", "anyOf", "oneOf"}
_OF_TYPE: Final[dict[str, str]] = {
    "multipleOf": "number", "minimum": "number", "maximum": "number",
    "exclusiveMinimum": "number", "exclusiveMaximum": "number",
    "minLength": "string", "maxLength": "string", "pattern": "string", "format": "string",
    "items": "array", "additionalItems": "array", "uniqueItems": "array",
    "minItems": "array", "maxItems": "array",
    "properties": "object", "additionalProperties": "object",
}  # fmt: skip
"""The type that a keyword says something about."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A schema of the suite as a field, and its cases: values, each with what the suite says."""

    keyword: str
    group: int
    schema: _Schema
    definitions: _Schema
    cases: tuple[tuple[JSON, bool], ...]

    @property
    def explicit(self) -> _Schema:
        """What it means here: objects have all of their keys, and no others."""
        return cast("_Schema", _explicit(self.schema | {"definitions": self.definitions}))


def _candidates() -> list[_Candidate]:
    return [
        candidate
        for keyword, groups in _SUITE.items()
        for number, group in enumerate(groups)
        for candidate in _of_group(keyword, number, group)
    ]


def _of_group(keyword: str, number: int, group: Mapping[str, JSON]) -> Iterator[_Candidate]:
    schema = group["schema"]
    if not isinstance(schema, dict):
        return
    cases = tuple(
        (case["data"], bool(case["valid"])) for case in cast("list[_Schema]", group["tests"])
    )
    prefix = f"{keyword.lower().replace('-', '_')}{number}_"
    texts: dict[str, None] = {}
    for kind in ("", "integer", "number", "string", "boolean"):
        made = cast("_Schema", _completed(schema, kind) if kind else schema)
        text = re.sub(r"#/definitions/(\w+)", rf"#/definitions/{prefix}\1", json.dumps(made))
        texts[text] = None
    for text in texts:
        made = json.loads(text)
        shared = made.pop("definitions", {})
        named = {f"{prefix}{name}": below for name, below in shared.items()}
        yield _Candidate(keyword, number, made, named, cases)


def _completed(schema: JSON, kind: str) -> JSON:
    """Return a schema with types where it has none: those that its keywords are about, or one."""
    if not isinstance(schema, dict):
        return [_completed(each, kind) for each in schema] if isinstance(schema, list) else schema
    made: _Schema = dict(schema)
    if not _KINDS & made.keys():
        made["type"] = next((_OF_TYPE[key] for key in made if key in _OF_TYPE), kind)
    if made.get("type") == "number" and kind == "integer":
        made["type"] = kind
    inner = {"array": "items", "object": "additionalProperties"}.get(str(made.get("type")))
    if inner and "properties" not in made:
        made.setdefault(inner, {"type": kind})
    if isinstance(made.get("items"), list):
        made.setdefault("additionalItems", False)
    for key in made.keys() & {"items", "additionalProperties", "anyOf", "oneOf"}:
        made[key] = _completed(made[key], kind)
    for key in ("properties", "definitions"):
        if isinstance(below := made.get(key), dict):
            made[key] = {name: _completed(part, kind) for name, part in below.items()}
    return made


def _explicit(schema: JSON) -> JSON:
    """Return a schema that says what fields mean unsaid: tuples and objects are whole."""
    if isinstance(schema, list):
        return [_explicit(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _explicit(part) for key, part in schema.items()}
    if schema.get("type") == "object" and isinstance(below := schema.get("properties"), dict):
        needed: list[JSON] = [
            n for n, p in below.items() if not (isinstance(p, dict) and _fixed(p))
        ]
        made |= {"required": needed, "additionalProperties": False}
    if isinstance(items := schema.get("items"), list):
        made |= {"minItems": len(items)}
    return made


def _fixed(part: JSON) -> bool:
    """Return whether a recipe may leave a field out."""
    return isinstance(part, dict) and not part.keys().isdisjoint({"default", "const"})


def _without_the_refused(
    candidates: list[_Candidate], folder: Path
) -> tuple[list[_Candidate], list[_Candidate]]:
    """Return what is taken as fields, and what is refused, each at a place inside itself."""
    refused: list[_Candidate] = []
    while True:
        lines = [*DEFINITION.partition("    alpha:\n")[0].splitlines()]
        owners: dict[int, _Candidate] = {}
        for number, candidate in enumerate(candidates):
            lines.append(f"    f{number}: {json.dumps(candidate.schema)}")
            owners[len(lines)] = candidate
        lines += DEFINITION.partition("description: Strength.\n")[2].splitlines()
        lines.append("definitions:" if any(c.definitions for c in candidates) else "")
        for candidate in candidates:
            for name, schema in candidate.definitions.items():
                lines.append(f"  {json.dumps(name)}: {json.dumps(schema)}")
                owners[len(lines)] = candidate
        _, problems = read_definitions([write(folder / "mine.yaml", "\n".join(lines))])
        wrong = {id(owners[problem.span.line]): owners[problem.span.line] for problem in problems}
        if not wrong:
            return candidates, refused
        refused += wrong.values()
        candidates = [candidate for candidate in candidates if id(candidate) not in wrong]


@dataclass
class _Counts:
    """How the cases of one keyword came out. A case counts once, at its best."""

    groups: int
    taken: set[int]
    as_said: set[tuple[int, int]]
    """Decided as the suite says."""

    stricter: set[tuple[int, int]]
    """Valid to the suite, and refused for a type or a key that the suite leaves out."""


def _decided(taken: list[_Candidate]) -> Iterator[tuple[_Candidate, int, bool, bool, bool]]:
    """Iterate over each case of each field: what the suite, the oracle and we say of its value.

    The recipe schema and the model have to say the same.
    """
    fields: dict[str, JSON] = {f"f{number}": each.schema for number, each in enumerate(taken)}
    shared: dict[str, JSON] = {}
    for candidate in taken:
        shared |= candidate.definitions
    model, schema, problems = made_of(fields, definitions=shared)
    assert problems == []
    for case in range(max(len(candidate.cases) for candidate in taken)):
        asked = {n: c for n, c in zip(fields, taken, strict=True) if case < len(c.cases)}
        asked = {n: c for n, c in asked.items() if not _is_number_in_words(c.cases[case][0])}
        recipe = SECTIONS | {name: each.cases[case][0] for name, each in asked.items()}
        by_schema = {
            error.instance_path[0] for error in schema.errors(recipe) if error.instance_path
        }
        by_model = refused_by(model, recipe)
        for name, each in asked.items():
            value, said = each.cases[case]
            assert (name in by_schema) == (name in by_model), (each, value)
            oracle = Draft7Validator(each.explicit).is_valid(value)
            yield each, case, said, oracle, name not in by_schema


def _is_number_in_words(value: JSON) -> bool:
    """Return whether a text anywhere in a value is a number to a recipe, and not to the suite."""
    match value:
        case str():
            return human_number(value) is not None
        case list():
            return any(map(_is_number_in_words, value))
        case dict():
            return any(map(_is_number_in_words, value.values()))
        case _:
            return False


def _counted(folder: Path) -> dict[str, _Counts]:
    """Run the suite; return its counts by keyword."""
    taken, _ = _without_the_refused(_candidates(), folder)
    counts = {
        keyword: _Counts(len(groups), set(), set(), set()) for keyword, groups in _SUITE.items()
    }
    for candidate, case, said, oracle, ours in _decided(taken):
        assert ours == oracle, (candidate.keyword, candidate.schema, candidate.cases[case])
        count = counts[candidate.keyword]
        count.taken.add(candidate.group)
        (count.as_said if ours == said else count.stricter).add((candidate.group, case))
    for count in counts.values():
        count.stricter -= count.as_said
    return counts


_ROW: Final = "| `{}` | {} | {} | {} | {} |"


def _table(counts: Mapping[str, _Counts]) -> str:
    rows = [
        _ROW.format(keyword, c.groups, len(c.taken), len(c.as_said), len(c.stricter))
        for keyword, c in counts.items()
        if c.taken
    ]
    return "\n".join(rows) + "\n"


def test_each_schema_of_the_suite_is_refused_or_decided_as_it_says(tmp_path: Path) -> None:
    """A schema that is no field is refused at its place; any other decides every value right.

    The recipe schema, the model and `jsonschema` agree on all of them. The counts are in
    `docs/explanation/json-schema.md`.
    """
    counts = _counted(tmp_path)
    assert _table(counts) in (ROOT / "docs/explanation/json-schema.md").read_text("utf-8")
    asked = {name: c for name, c in counts.items() if not c.taken}
    assert asked.keys().isdisjoint(_OF_TYPE.keys() | {"type", "enum", "const", "anyOf"})


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as _folder:
        print(_table(_counted(Path(_folder))), end="")  # noqa: T201
