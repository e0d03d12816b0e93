"""Every rule, by its examples, and near its edges."""

from __future__ import annotations

from pathlib import Path

import pytest

from arctic_training.breaking.compare import breaks
from arctic_training.breaking.rule import BreakingRule, Contract, whole
from arctic_training.breaking.rules import RULES
from arctic_training.definition.definition import Definition
from arctic_training.definition.stages import read_definitions
from arctic_training.diagnostics import Diagnostic
from tests.support import write


def _specs(folder: Path, keys: str) -> list[Definition]:
    if not keys:
        return []
    loaded, problems = read_definitions([write(folder / "mine.yaml", whole(keys))])
    assert problems == []
    return [item.spec for item in loaded]


def _breaks(
    folder: Path, before: str, after: str, contract: Contract = Contract.PYTHON
) -> list[Diagnostic]:
    old, new = _specs(folder / "old", before), _specs(folder / "new", after)
    return [*breaks(old, new, contract)]


def _codes(folder: Path, before: str, after: str) -> list[str]:
    return sorted({found.code for found in _breaks(folder, before, after)})


def test_there_are_rules_of_every_contract() -> None:
    """There are more than twenty, and each contract has some of its own."""
    assert len(RULES) > 20
    assert {rule.contract for rule in RULES.values()} == set(Contract)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_a_rule_finds_what_breaks_it(rule: BreakingRule, tmp_path: Path) -> None:
    """The change that breaks a rule is found by it, at a place in one of the two definitions."""
    found = [b for b in _breaks(tmp_path, rule.before, rule.breaks) if b.code == rule.name]
    assert len(found) == 1
    side = "new" if rule.breaks else "old"
    assert found[0].span.source.path == (tmp_path / side / "mine.yaml").as_posix()


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_a_rule_finds_no_more(rule: BreakingRule, tmp_path: Path) -> None:
    """A change near it that breaks nothing of the kind is not found."""
    assert rule.name not in _codes(tmp_path, rule.before, rule.holds)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_contracts_are_nested(rule: BreakingRule, tmp_path: Path) -> None:
    """Who asks for a contract hears of what breaks it, or one within it, and of no other."""
    for contract in Contract:
        found = {b.code for b in _breaks(tmp_path, rule.before, rule.breaks, contract)}
        assert {RULES[code].contract for code in found} <= contract.contains
        assert (rule.name in found) == (rule.contract in contract.contains)


def _x(schema: str) -> str:
    return f"config_type: {{properties: {{x: {{{schema}}}}}}}\n"


_NUMBER_OR_BOOLEAN = "anyOf: [{type: number}, {type: boolean}]"
_A = "{type: object, properties: {k: {const: a}}}"
_B = "{type: object, properties: {k: {const: b}, n: {type: integer%s}}}"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("type: number, minimum: 0", "type: number, minimum: 0, maximum: 9", ["range-narrowed"]),
        ("type: number, exclusiveMinimum: 0", "type: number, minimum: 0", []),
        ("type: integer, multipleOf: 4", "type: integer, multipleOf: 2", []),
        ("type: integer, multipleOf: 2", "type: integer, multipleOf: 4", ["range-narrowed"]),
        ("type: integer", "type: integer, multipleOf: 1", []),
        ("type: string", "type: string, format: path", ["type-changed"]),
        ("type: string, format: uri", "type: string", []),
        ("enum: [a, b]", "type: string", ["type-widened"]),
        ("enum: [a, b]", "type: string, minLength: 1", ["type-changed"]),
        ("enum: [1, 2]", "enum: [true, 2]", ["option-added", "option-removed"]),
        ("type: number", "anyOf: [{type: number}, {type: string}]", ["type-changed"]),
        ("type: number", "anyOf: [{type: number}, {type: boolean}]", ["type-widened"]),
        ("anyOf: [{type: number}, {type: boolean}]", "type: number", ["type-changed"]),
        ("anyOf: [{type: number}, {type: boolean}]",
         "anyOf: [{type: boolean}, {type: number, minimum: 0}]", ["range-narrowed"]),
        ("type: array, items: [{type: integer}], additionalItems: false",
         "type: array, items: [{type: integer, minimum: 0}], additionalItems: false",
         ["range-narrowed"]),
        ("type: array, items: [{type: integer}], additionalItems: false",
         "type: array, items: [{type: integer}, {type: integer}], additionalItems: false",
         ["type-changed"]),
        ("type: object, additionalProperties: {type: integer}",
         "type: object, additionalProperties: {type: number}", ["type-widened"]),
        ("type: object, properties: {y: {type: integer}}",
         "type: object, properties: {z: {type: integer, renamed_from: [y]}}",
         ["attribute-renamed"]),
        ("type: object, properties: {y: {type: integer}}",
         "type: object, properties: {z: {type: integer}}", ["key-removed", "required-key-added"]),
        (f"oneOf: [{_A}, {_B % ''}]", f"oneOf: [{_A}, {_B % ', maximum: 3'}]",
         ["range-narrowed"]),
        (f"oneOf: [{_A}, {_B % ''}]", f"oneOf: [{_A}, {_B % ', default: 3'}]", []),
        ("type: integer, default: 1", "type: integer, default: 1, deprecated: Leave it.", []),
        ("type: [integer, 'null'], default: null", "type: [integer, 'null'], default: 1",
         ["default-changed"]),
        (f"{_NUMBER_OR_BOOLEAN}, default: 1", f"{_NUMBER_OR_BOOLEAN}, default: true",
         ["default-changed"]),
        (f"type: array, items: {{{_NUMBER_OR_BOOLEAN}}}, default: [0, true]",
         f"type: array, items: {{{_NUMBER_OR_BOOLEAN}}}, default: [false, true]",
         ["default-changed"]),
        ("factory: model", "factory: model, description: Another.", []),
        ("factory: model", "type: string", ["type-changed"]),
    ],
)  # fmt: skip
def test_values_are_compared_however_deep(
    before: str, after: str, expected: list[str], tmp_path: Path
) -> None:
    """What a type took and takes, and what code reads, decide."""
    assert _codes(tmp_path, _x(before), _x(after)) == expected


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            "type: number, minimum: 0",
            "type: number, exclusiveMinimum: 0",
            "`x` has a narrower range: `exclusiveMinimum: 0` in place of `minimum: 0`",
        ),
        (
            "type: integer",
            "type: integer, multipleOf: 4",
            "`x` has a narrower range: `multipleOf: 4` is new",
        ),
        (
            "type: string, maxLength: 9",
            "type: string, maxLength: 3",
            "`x` has a narrower length: `maxLength: 3` in place of `maxLength: 9`",
        ),
    ],
)
def test_a_limit_is_told_with_what_it_was(
    before: str, after: str, message: str, tmp_path: Path
) -> None:
    """Both limits stand in the message: nobody has to look the old one up."""
    found = [b.message for b in _breaks(tmp_path, _x(before), _x(after))]
    assert found == [message]


def test_what_a_definition_extends_and_refers_to_is_compared(tmp_path: Path) -> None:
    """Definitions are compared as they are resolved; the place is where the change was made."""
    for side, limit in (("old", 0), ("new", 1)):
        shared = f"definitions: {{share: {{type: number, minimum: {limit}}}}}\n"
        write(tmp_path / side / "common.yaml", shared)
    keys = _x("$ref: 'common.yaml#/definitions/share'")
    assert [b.code for b in _breaks(tmp_path, keys, keys)] == ["range-narrowed"]


_OWN = """\
model_factory_type:
  - name: wide
    class: mine_model:Wide
    extends: huggingface
    config_type: {properties: {x: {%s}}}
  - random_llama
"""


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("type: integer", "type: integer, maximum: 9", ["range-narrowed"]),
        ("type: integer", "type: number", ["type-widened"]),
        ("type: integer, default: 1", "type: integer, default: 2", ["held-default-changed"]),
        ("type: integer", "type: integer}, y: {type: integer", ["required-key-added"]),
        ("type: integer}, y: {type: integer", "type: integer", ["key-removed"]),
    ],
)
def test_sections_of_the_users_own_are_compared(
    before: str, after: str, expected: list[str], tmp_path: Path
) -> None:
    """The keys of a factory that is defined in place are keys of recipes like any other."""
    assert _codes(tmp_path, _OWN % before, _OWN % after) == expected


def test_a_renamed_key_is_broken_for_code_alone(tmp_path: Path) -> None:
    """Recipes may use the former name; both places are shown."""
    after = "config_type: {properties: {y: {type: integer, default: 1, renamed_from: [x]}}}\n"
    before = _x("type: integer, default: 1")
    (found,) = _breaks(tmp_path, before, after)
    assert found.code == "attribute-renamed"
    assert (found.span.text, found.related[0].span.text) == ("y", "x")
    assert _breaks(tmp_path, before, after, Contract.RECIPE) == []
