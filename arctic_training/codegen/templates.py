"""The templates of generated files, and a project's own that replace them.

An own template is a file of the base's name in the folder ``arctic_templates`` of a project. Its
first line notes the hash of the base that it began as; a copy of that base is in ``.base``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from arctic_training.codegen.unified_diff import unified_diff
from arctic_training.diagnostics import Diagnostic, Severity, Source, nearest
from arctic_training.document import UnreadableError, shown_path
from arctic_training.fs.confinement import UnsafePathError, confined
from arctic_training.project.locations import Project
from arctic_training.project.manifest import digest
from arctic_training.project.resources import resource

__all__ = ["TEMPLATES", "Template", "eject", "note_base", "template_problems", "templates"]

TEMPLATES: Final = ("config.py.j2", "init.py.j2", "macros.j2", "readme.md.j2", "trainer.py.j2")
"""The templates of generated files. Those of what is begun for the user are not in it."""

_NOTE: Final = re.compile(r"\{# began as .*? (?P<hash>sha256:[0-9a-f]{64}) #\}\n")


@dataclass(frozen=True, slots=True)
class Template:
    """One template: the shipped base, and the place of a project's own."""

    name: str
    base: Path
    own: Path

    @property
    def is_own(self) -> bool:
        """Whether the project has one of its own."""
        return self.own.is_file()

    @property
    def path(self) -> Path:
        """The file that is rendered."""
        return self.own if self.is_own else self.base

    @property
    def first_base(self) -> Path:
        """The copy of the base that the project's own began as."""
        return self.own.parent / ".base" / self.name

    def has_moved(self) -> bool:
        """Return whether the base is no longer the one that the project's own began as."""
        noted = _NOTE.match(self.own.read_text("utf-8")) if self.is_own else None
        return self.is_own and (not noted or noted["hash"] != digest(self.base.read_text("utf-8")))

    def base_diff(self) -> str:
        """Return how the base has changed since the project's own began as it."""
        if not self.first_base.is_file():
            return f"{shown_path(self.first_base)}, the copy of its base, is gone\n"
        return _diff(self.first_base, self.base, f"{self.name} (then)", f"{self.name} (now)")

    def own_diff(self) -> str:
        """Return what the project's own has otherwise than the base of now."""
        return _diff(self.base, self.own, f"{self.name} (base)", f"{self.name} (own)")


def templates(project: Project) -> list[Template]:
    """Return all templates of generated files, as a project has them.

    Raises:
        UnreadableError: one of the project's own, or what it may include, is not text.

    """
    folder, base = project.templates, resource("templates")
    for path in folder.glob("*.j2"):
        try:
            path.read_text("utf-8")
        except UnicodeDecodeError as error:
            raise UnreadableError(f"{shown_path(path)}: the text is not UTF-8") from error
    return [Template(name, base / name, folder / name) for name in TEMPLATES]


def template_problems(project: Project) -> Iterator[Diagnostic]:
    """Find templates in a project's folder that stand for none, or whose base has changed."""
    known = templates(project)
    for path in sorted(project.templates.glob("*.j2")):
        name = path.name
        if name not in TEMPLATES and (meant := _meant(name)) is not None:
            yield Diagnostic(
                code="unknown-template",
                message=f"no generated file has a template `{name}`",
                span=Source(shown_path(path), path.read_text("utf-8")).start(),
                suggestion=meant,
                help="" if meant else f"those of generated files are {', '.join(TEMPLATES)}",
            )
    for template in known:
        if template.has_moved():
            yield Diagnostic(
                code="template-moved",
                severity=Severity.WARNING,
                message=f"the base of `{template.name}` is not the one that this began as",
                span=Source(shown_path(template.own), template.own.read_text("utf-8")).line(1),
                help=f"take over what is new, then: arctic-gen templates eject --note "
                f"{template.name}\n{template.base_diff()}".rstrip(),
            )


def eject(template: Template) -> list[Path]:
    """Begin a project's own template as its base; return the files that were written."""
    return _begin(template, template.base.read_text("utf-8"))


def note_base(template: Template) -> list[Path]:
    """Note the base of now as the one that the project's own follows; return what was written."""
    return _begin(template, _NOTE.sub("", template.own.read_text("utf-8"), count=1))


def _begin(template: Template, text: str) -> list[Path]:
    base = template.base.read_text("utf-8")
    for path in (template.own, template.first_base):
        confined(path, template.own.parent.parent)
        if os.path.lexists(path) and (path.is_symlink() or not path.is_file()):
            raise UnsafePathError(f"{path} is not a regular file, and is not written to")
    template.first_base.parent.mkdir(parents=True, exist_ok=True)
    template.first_base.write_text(base, "utf-8")
    note = f"{{# began as the base of arctic-gen, {digest(base)} #}}\n"
    template.own.write_text(note + text, "utf-8")
    return [template.own, template.first_base]


def _meant(name: str) -> str | None:
    """Return what the name of a template was meant to be; None of one that others may include."""
    if resource(f"templates/{name}").exists():
        return ""
    return nearest(name, TEMPLATES, cutoff=0.8) or None


def _diff(before: Path, after: Path, name: str, other: str) -> str:
    one, two = (_NOTE.sub("", path.read_text("utf-8"), count=1) for path in (before, after))
    return unified_diff(one, two, name, other)
