"""The reference pages, rendered from schemas, commands and golden diagnostics.

``python docs/render.py`` writes them; a test compares them with what it would write.
"""

from __future__ import annotations

import ast
import difflib
import json
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, TypeAlias

import click

from arctic_training.breaking.rule import CONTRACTS, BreakingRule, Contract
from arctic_training.breaking.rules import RULES as BREAKING_RULES
from arctic_training.cli.gen import command as arctic_gen
from arctic_training.cli.output import WIDTH
from arctic_training.cli.train import command as arctic_train
from arctic_training.definition.factories.builtin import built_in_factories
from arctic_training.diagnostics.advice import note_and_help
from arctic_training.diagnostics.codes import CODES
from arctic_training.document.schema_forms import default_of, examples_of
from arctic_training.lint.rule import Example
from arctic_training.lint.rules import RULES
from docs.factory_pages import factory_pages
from docs.llms import llms_text

_ROOT: Final = Path(__file__).parent.parent
_REFERENCE: Final = Path(__file__).parent / "reference"

_Schema: TypeAlias = dict[str, Any]


def pages() -> dict[str, str]:
    """Return the text of each page by its path below ``docs/reference``."""
    return {
        "breaking.md": "\n".join(_breaking()),
        "commands.md": "\n".join(_commands()),
        "definition.md": "\n".join(_definition(_schema("trainer"))),
        "diagnostics.md": "\n".join(_diagnostics()),
        "lint.md": "\n".join(_lint()),
        "recipe.md": "\n".join(_recipe(_schema("sections")["definitions"])),
        "trainer.md": "\n".join(_trainer()),
        **factory_pages(),
    }


def _schema(name: str) -> _Schema:
    schema: _Schema = json.loads((_ROOT / f"schemas/{name}.schema.json").read_text("utf-8"))
    return schema


def _commands() -> Iterator[str]:
    yield "# Commands\n"
    for name, command in (("arctic-gen", arctic_gen), ("arctic-train", arctic_train)):
        yield from _help(name, command)


def _help(name: str, command: click.Command) -> Iterator[str]:
    names = ["-h", "--help"]
    context = click.Context(command, info_name=name, terminal_width=WIDTH, help_option_names=names)
    yield f"## {name}\n\n```text\n{command.get_help(context)}\n```\n"
    for inner, below in getattr(command, "commands", {}).items():
        yield from _help(f"{name} {inner}", below)


def _definition(schema: _Schema) -> Iterator[str]:
    yield f"# {schema['title']}\n\n{schema['description']}\n"
    definitions = schema["definitions"]
    yield from _table(_explained(schema["properties"], definitions), {*schema["else"]["required"]})
    yield "\n## A config field\n\nThe keywords of JSON Schema that a field may have.\n"
    yield from _table(_explained(definitions["field"]["properties"], definitions), set())
    yield "\n## Factories\n\nWhat the six `*_type` keys may name.\n"
    for kind, factories in built_in_factories().items():
        yield f"* {kind}: {', '.join(f'`{name}`' for name in factories)}"
    yield "\n[Factories](factories.md) describes each kind.\n"


def _explained(
    properties: Mapping[str, _Schema], definitions: Mapping[str, _Schema]
) -> dict[str, _Schema]:
    """Return properties with the meanings and examples of the definitions that they refer to."""
    said = ("description", "examples")
    meant = {name: definitions.get(_referred(rule), {}) for name, rule in properties.items()}
    return {
        name: {key: meant[name][key] for key in said if key in meant[name]} | rule
        for name, rule in properties.items()
    }


def _referred(schema: _Schema) -> str:
    """Return the name of the definition that a schema refers to, or an empty string."""
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _recipe(definitions: Mapping[str, _Schema]) -> Iterator[str]:
    recipe = definitions["TrainerConfig"]
    sections = {slot for slot in recipe["properties"] if slot in recipe["required"]}
    yield "# Recipe\n\nWhat every recipe has, beside the fields of its trainer.\n"
    own = {k: v for k, v in recipe["properties"].items() if k not in sections}
    yield from _table(own, set())
    used = {
        factory.config.name for kind in built_in_factories().values() for factory in kind.values()
    }
    for name in sorted(definitions, key=lambda name: (name not in used, _kind(name))):
        schema = definitions[name]
        if name != "TrainerConfig" and schema.get("properties"):
            yield f"\n## {_kind(name)}\n\n{schema['description'].strip()}\n"
            yield from _table(schema["properties"], set(schema.get("required", ())))
    yield "\n## Keys of other tools\n\nKeys that are refused, with what to do instead.\n"
    for key, advice in sorted(recipe["x-planned"].items()):
        yield f"* `{key}`: {'; '.join(filter(None, note_and_help(advice)))}"
    yield ""


def _kind(name: str) -> str:
    """Return what a section is called in a recipe: its slot and its type."""
    for kind, factories in built_in_factories().items():
        for factory in factories.values():
            if factory.config.name == name:
                return f"{kind}: `{factory.name}`"
    return f"`{name}`"


def _table(properties: Mapping[str, _Schema], required: set[str]) -> Iterator[str]:
    yield "| key | value | default | |\n|---|---|---|---|"
    for name, schema in properties.items():
        given = {} if "$ref" in schema else default_of(schema)
        default = f"`{json.dumps(given['default'])}`" if given else ""
        shown = "required" if name in required else default
        meaning = " ".join(str(schema.get("description", "")).split())
        examples = " or ".join(f"`{json.dumps(each)}`" for each in examples_of(schema))
        meaning += f" Such as {examples}." if examples and not given else ""
        escaped = meaning.replace("|", "\\|")
        yield f"| `{name}` | {_value(schema)} | {shown} | {escaped} |"


def _value(schema: _Schema) -> str:
    """Return what a key may hold, in a few words."""
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(option)}`" for option in schema["enum"])
    if "if" in schema:
        if schema["if"] == {"type": "array"}:
            return f"{_value(schema['else'])} or a list"
        return _value(schema["else"]) if "enum" in schema["else"] else "one section or a list"
    if "$ref" in schema:
        return f"`{_referred(schema)}`"
    if "anyOf" in schema:
        return " or ".join(map(_value, schema["anyOf"]))
    kind = schema.get("type", "")
    kinds = kind if isinstance(kind, list) else [kind]
    numeric = {"integer", "number"} & set(kinds)
    named = [k for k in kinds if k != "null" and not (numeric and k == "string")]
    named += ["null"] if "null" in kinds else []
    limits = [f"{mark} {schema[word]}" for word, mark in _LIMITS.items() if word in schema]
    return " ".join(filter(None, [" or ".join(named), *limits]))


_LIMITS: Final = {
    "minimum": "≥",
    "exclusiveMinimum": ">",
    "maximum": "≤",
    "exclusiveMaximum": "<",
}


def _trainer() -> Iterator[str]:
    """Read the page from the source of the runtime, which would import torch."""
    yield "# Trainer\n\nWhat a loss, a callback or a factory finds on a trainer. What an overridden"
    yield "`step` may do is in [Custom training loops](../how-to/custom-loop.md).\n"
    context = _class("context.py", "TrainerContext")
    members = [node for node in context.body if isinstance(node, ast.FunctionDef)]
    yield "| | type | |\n|---|---|---|"
    for node in members:
        name = node.name if node.decorator_list else f"{node.name}({_words(node.args)})"
        yield _row(name, node.returns, ast.get_docstring(node))
    state = _class("state.py", "TrainingState")
    yield f"\n## `trainer.state`\n\n{ast.get_docstring(state)}\n\n| | type | |\n|---|---|---|"
    for field, text in pairwise(state.body):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
            yield _row(ast.unparse(field.target), field.annotation, ast.literal_eval(text.value))
    yield ""


def _class(file: str, name: str) -> ast.ClassDef:
    tree = ast.parse((_ROOT / "arctic_training/core" / file).read_text("utf-8"))
    return next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)


def _words(arguments: ast.arguments) -> str:
    return ", ".join(ast.unparse(argument) for argument in arguments.args[1:])


def _row(name: str, kind: ast.expr | None, text: str | None) -> str:
    meaning = " ".join((text or "").replace("``", "`").split())
    shown = ast.unparse(kind).replace("|", "\\|") if kind else ""
    return f"| `{name}` | `{shown}` | {meaning} |"


def _diagnostics() -> Iterator[str]:
    yield "# Diagnostics\n\nEach code of a finding, with its meaning and a tested example. Codes of"
    yield "`arctic-gen lint` are in [Lint](lint.md), those of `arctic-gen breaking` in"
    yield "[Breaking changes](breaking.md). `arctic-gen explain CODE` prints a meaning.\n"
    files = sorted((_ROOT / "tests/golden").glob("*.txt"))
    golden = "".join(path.read_text("utf-8") for path in files)
    examples: dict[str, str] = {}
    for case in re.split(r"^## ", golden, flags=re.MULTILINE)[1:]:
        _, _, text = case.partition("\n")
        for code in re.findall(r"^[^ \n]\S*: (?:error|warning)\[([a-z-]+)\]", text, re.MULTILINE):
            examples.setdefault(code, text.strip())
    for code, meaning in CODES.items():
        yield f"## {code}\n\n{meaning}\n"
        if code in examples:
            yield f"```text\n{examples[code]}\n```\n"


def _breaking() -> Iterator[str]:
    yield "# Breaking changes\n\nWhat `arctic-gen breaking --against REF` looks for. A rule belongs"
    yield "to the innermost contract that the change breaks; `--contract` leaves out those around"
    yield "it.\n"
    yield "| contract | what somebody relies on | rules |\n|---|---|---|"
    for contract, meaning in CONTRACTS.items():
        rules = sum(rule.contract is contract for rule in BREAKING_RULES.values())
        yield f"| `{contract}` | {meaning} | {rules} |"
    yield "\nThe examples are run as tests; what they do not show is as in a definition that"
    yield "`extends: sft`.\n"
    for contract in reversed(Contract):
        yield f"## {contract}\n"
        for rule in BREAKING_RULES.values():
            if rule.contract is contract:
                yield f"### {rule.name}\n\n{rule.summary}\n"
                yield from _change(rule)


def _change(rule: BreakingRule) -> Iterator[str]:
    """Show a change that breaks a rule, and one near it that does not."""
    for title, after in (("Breaks", rule.breaks), ("Does not", rule.holds)):
        lines = difflib.ndiff(rule.before.splitlines(), after.splitlines())
        shown = "\n".join(line.rstrip() for line in lines if not line.startswith("?"))
        yield f"{title}:\n\n```diff\n{shown}\n```\n"


def _lint() -> Iterator[str]:
    yield "# Lint\n\nWhat `arctic-gen lint` looks for. The examples are run as tests; what they"
    yield "do not show is as in a definition that `extends: sft`.\n"
    yield "| rule | severity | `--fix` | |\n|---|---|---|---|"
    for rule in RULES.values():
        fix = "yes" if rule.is_fixable else ""
        yield f"| [`{rule.name}`](#{rule.name}) | {rule.severity} | {fix} | {rule.summary} |"
    yield ""
    for rule in RULES.values():
        yield f"## {rule.name}\n\n{rule.summary} {rule.reason}\n"
        for title, example in (("Bad", rule.bad), ("Good", rule.good)):
            if example:
                yield from _example(title, example)


def _example(title: str, example: Example) -> Iterator[str]:
    yield f"{title}:\n"
    if example.definition:
        yield f"```yml\n{example.definition}```\n"
    if example.loss:
        yield f"```python\n{example.loss}```\n"


def main() -> None:
    """Write the pages."""
    (_REFERENCE / "factories").mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (_REFERENCE / name).write_text(text, encoding="utf-8")
    (_ROOT / "llms.txt").write_text(llms_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
