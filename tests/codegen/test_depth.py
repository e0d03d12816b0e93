"""However deep a definition leads, it is made, or refused at a place: it overflows no stack."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from arctic_training.definition.extend import MOST_EXTENDED
from arctic_training.definition.fields.extent import MOST_LEVELS, MOST_REFERENCES
from arctic_training.document import JSON
from tests.codegen.made import SECTIONS, made_of, refused_by
from tests.support import DEFINITION, arctic_gen, write

_FIELD = """\
    alpha:
      type: number
      minimum: 0
      default: 0.5
      description: Strength.
"""
_COMMANDS = (
    "validate mine.yaml",
    "lint mine.yaml",
    "migrate --check mine.yaml",
    "new-trainer --no-verify --dry-run mine.yaml",
    "explain mine.yaml",
    "breaking --against .",
)


def _next(number: int) -> str:
    return f"{{$ref: '#/definitions/a{number + 1}'}}"


def _referred(number: int) -> str:
    return _next(number)


def _objects(number: int) -> str:
    return f"{{type: object, properties: {{x: {_next(number)}}}}}"


def _arrays(number: int) -> str:
    return f"{{type: array, items: {_next(number)}}}"


def _mappings(number: int) -> str:
    return f"{{type: object, additionalProperties: {_next(number)}}}"


def _unions(number: int) -> str:
    return f"{{anyOf: [{_objects(number)}, {{type: boolean}}]}}"


def _definition(part: Callable[[int], str], count: int, last: str = "{type: integer}") -> str:
    parts = [*(part(number) for number in range(count)), last]
    shared = "".join(f"  a{number}: {text}\n" for number, text in enumerate(parts))
    field = "    alpha: {$ref: '#/definitions/a0'}\n"
    assert _FIELD in DEFINITION
    return f"{DEFINITION.replace(_FIELD, field)}definitions:\n{shared}"


@pytest.mark.parametrize("part", [_referred, _objects, _arrays, _mappings, _unions])
@pytest.mark.parametrize("count", [400, pytest.param(130, marks=pytest.mark.full)])
def test_what_is_too_deep_is_refused_at_one_place(
    part: Callable[[int], str], count: int, tmp_path: Path
) -> None:
    """One finding names the first shared field that is beyond a limit; no command overflows."""
    write(tmp_path / "pyproject.toml", "")
    write(tmp_path / "mine.yaml", _definition(part, count))
    for command in _COMMANDS:
        done = arctic_gen(*command.split(), folder=tmp_path)
        assert done.code in {0, 1}, command
        assert done.out.count("with all references followed, more than 64 ") <= 2, command
    found = arctic_gen("validate", "--format", "concise", "mine.yaml", folder=tmp_path)
    assert found.code == 1
    assert found.out.count("error[out-of-range]") == 1


@pytest.mark.parametrize(
    ("part", "count", "around"),
    [
        (_referred, MOST_REFERENCES - 1, lambda inner: inner),
        (_objects, MOST_LEVELS - 1, lambda inner: {"x": inner}),
        (_arrays, MOST_LEVELS - 1, lambda inner: [inner]),
        (_mappings, MOST_LEVELS - 1, lambda inner: {"any": inner}),
        (_unions, MOST_LEVELS // 2 - 1, lambda inner: {"x": inner}),
    ],
)
def test_what_is_within_the_limits_is_made(
    part: Callable[[int], str], count: int, around: Callable[[JSON], JSON], tmp_path: Path
) -> None:
    """Up to the limits, every command works, and so does the model that is generated."""
    write(tmp_path / "pyproject.toml", "")
    text = _definition(part, count)
    write(tmp_path / "mine.yaml", text)
    for command in _COMMANDS:
        assert arctic_gen(*command.split(), folder=tmp_path).code == 0, command
    values = yaml.safe_load(text)
    fields = values["config_type"]["properties"]
    model, schema, problems = made_of(fields, definitions=values["definitions"])
    value: JSON = 1
    for _ in range(count):
        value = around(value)
    recipe = SECTIONS | {"alpha": value}
    assert (problems, refused_by(model, recipe), [*schema.errors(recipe)]) == ([], set(), [])


def test_a_long_cycle_is_told_in_a_few_words(tmp_path: Path) -> None:
    """A cycle of any length is one finding, which names where it begins and ends."""
    text = _definition(_referred, 400).replace("  a400: {type: integer}", f"  a400: {_next(-1)}")
    write(tmp_path / "mine.yaml", text)
    done = arctic_gen("validate", "--format", "concise", "mine.yaml", folder=tmp_path)
    assert done.out.count("error[cycle]: `a0` refers to itself: a0 -> a1 -> a2 -> ") == 1
    assert "-> ... -> a400 -> a0" in done.out
    assert len(done.out) < 1000


@pytest.mark.parametrize(("count", "code"), [(MOST_EXTENDED, 0), (MOST_EXTENDED + 1, 1), (400, 1)])
def test_a_chain_of_definitions_has_an_end(count: int, code: int, tmp_path: Path) -> None:
    """The one that leads beyond the limit is refused at its `extends`."""
    write(tmp_path / "pyproject.toml", "")
    write(tmp_path / "c0.yaml", DEFINITION.replace("name: mine\n", "name: c0\n"))
    for number in range(1, count + 1):
        text = f"schema_version: 1\nname: c{number}\nextends: ./c{number - 1}.yaml\n"
        write(tmp_path / f"c{number}.yaml", text)
    last = f"c{count}.yaml"
    for command in ("validate", "lint", "new-trainer --no-verify --dry-run"):
        assert arctic_gen(*command.split(), last, folder=tmp_path).code == code
    done = arctic_gen("validate", "--format", "concise", last, folder=tmp_path)
    place = f"c{count - MOST_EXTENDED}.yaml:3:10: error[out-of-range]"
    assert (place in done.out) == bool(code)


@pytest.mark.parametrize(
    "shape", ["{{type: array, items: *x{}}}", "{{anyOf: [{{type: boolean}}, *x{}]}}"]
)
def test_aliases_nest_no_deeper(shape: str, tmp_path: Path) -> None:
    """Aliases of aliases are a nesting as well."""
    lines = [f"  d{n}: &x{n} {shape.format(n - 1)}\n" for n in range(1, 90)]
    text = f"{DEFINITION}definitions:\n  d0: &x0 {{type: integer}}\n{''.join(lines)}"
    write(tmp_path / "mine.yaml", text)
    for command in _COMMANDS[:-1]:
        assert arctic_gen(*command.split(), folder=tmp_path).code in {0, 1}, command
