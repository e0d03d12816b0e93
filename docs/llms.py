"""``llms.txt``: the pages of the documentation, each with its question, for programs that read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import yaml

__all__ = ["llms_text"]

_ROOT: Final = Path(__file__).parent.parent
_HEAD: Final = """\
# arctic-training-gen

> A type-checked, schema-first code generator for LLM post-training trainers, and the runtime under
> it. A trainer definition (YAML, about twenty lines) and a loss become a typed trainer; recipes
> (YAML) run it on DeepSpeed and transformers.

Commands: `arctic-gen init|new-trainer|validate|check|lint|test|migrate|breaking|explain|list`,
`arctic-train RECIPE [KEY=VALUE]`, `arctic-train process-data|show-data|report`. Losses import from
`arctic_training`, return `LossOutput(sum, count, terms)`, read `batch["shift_labels"]`, and never
divide or shift. Errors show file, line and column; `--format json` prints them for programs.
"""
_PROJECT: Final = """\

## Project

- [README](README.md): an example, from definition to training
- [AGENTS](AGENTS.md): rules for contributors and agents
- [CONTRIBUTING](CONTRIBUTING.md): where things are, and how to add something
- [CHANGELOG](CHANGELOG.md): what changed
"""
_FRONT_MATTER: Final = re.compile(r"\A---\n.*?---\n", re.DOTALL)
_QUESTION: Final = re.compile(r"^\*(.+?)\*", re.MULTILINE)

_Nav: TypeAlias = Sequence["str | Mapping[str, str | _Nav]"]


def llms_text() -> str:
    """Return the text, from the navigation of the site."""
    nav: _Nav = yaml.safe_load((_ROOT / "mkdocs.yml").read_text("utf-8"))["nav"]
    lines = [_HEAD]
    for part in nav:
        assert isinstance(part, Mapping)
        ((title, below),) = part.items()
        if not isinstance(below, str):
            lines.append(f"\n## {title}\n\n")
            lines += map(_entry, _paths(below))
    return "".join([*lines, _PROJECT])


def _paths(nav: _Nav) -> Iterator[str]:
    for item in nav:
        for value in [item] if isinstance(item, str) else item.values():
            yield from [value] if isinstance(value, str) else _paths(value)


def _entry(path: str) -> str:
    text = _FRONT_MATTER.sub("", (_ROOT / "docs" / path).read_text("utf-8"))
    title, _, rest = text.partition("\n")
    question = _QUESTION.match(rest.lstrip())
    return f"- [{title.strip('# ')}](docs/{path}){f': {question[1]}' if question else ''}\n"
