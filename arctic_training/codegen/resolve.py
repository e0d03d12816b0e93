"""Stage 5, resolve: names to what they stand for; a checked definition becomes a specification."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias, cast

from arctic_training.codegen.catalog import built_in_factories
from arctic_training.codegen.fields import FieldReader, described, names_of, nested_kind
from arctic_training.codegen.names import camel_case
from arctic_training.codegen.own_factories import (
    one_or_many,
    own_factories,
    own_factory,
    unknown_factory,
)
from arctic_training.codegen.spec import (
    FACTORIES,
    SLOTS,
    CallbackSpec,
    FactorySpec,
    ImportPath,
    Slot,
    SlotSpec,
    TrainerSpec,
)
from arctic_training.diagnostics import Diagnostic, Related, Span, nearest
from arctic_training.document import JSON, MapNode, Node, Pointer, find, plain, value_span
from arctic_training.project import FACTORY_NAMESPACE, NAMESPACE, Project, module_file, package_name

__all__ = ["Stubber", "import_roots", "resolve", "unimportable"]

_PROPERTIES: Final = ("config_type", "properties")


Stubber: TypeAlias = Callable[[TrainerSpec, ImportPath], str]
"""Returns the code that a module of the user's lacks."""


def resolve(
    definition: MapNode, path: Path, project: Project, stubber: Stubber | None = None
) -> tuple[TrainerSpec | None, list[Diagnostic]]:
    """Return the specification of a checked definition, or what its names fail to stand for.

    With a ``stubber``, a function that its module lacks is reported with the code to paste.
    """
    resolver = _Resolver(definition, _config_module(definition))
    slots = tuple(resolver.slot(slot) for slot in SLOTS)
    problems = [*resolver.problems, *_mixed_batches(slots[0], definition)]
    lacking = list(unimportable(definition, project))
    if problems:
        return None, [*problems, *(problem for problem, _ in lacking)]
    spec = _spec(definition, path, project, slots)
    if not lacking:
        return spec, []
    return None, [
        replace(problem, paste=stubber(spec, missing)) if missing and stubber else problem
        for problem, missing in lacking
    ]


def _spec(
    definition: MapNode, path: Path, project: Project, slots: tuple[SlotSpec, ...]
) -> TrainerSpec:
    values = cast("dict[str, JSON]", plain(definition))
    name = str(values["name"])
    config = cast("dict[str, JSON]", values.get("config_type", {}))
    config_class = str(config.get("name", f"{camel_case(name)}TrainerConfig"))
    trainer_class = config_class.removesuffix("Config")
    return TrainerSpec(
        source=path.resolve().relative_to(project.root).as_posix(),
        document=definition,
        name=name,
        package=package_name(name),
        description=described(values, f"The `{name}` trainer."),
        coupling=str(values.get("coupling", "sample")),
        config_class=config_class,
        trainer_class=trainer_class,
        fields=FieldReader(definition, config_class.removesuffix("TrainerConfig")).fields(
            _PROPERTIES
        ),
        slots=slots,
        nested=tuple(_nested(definition, slots)),
        loss=_import_path(values.get("loss")),
        implementation=_import_path(values.get("implementation")),
        metrics=cast("dict[str, str]", values.get("metrics", {})),
        callbacks=tuple(
            CallbackSpec(str(pointer[1]), ImportPath.parse(str(plain(node))), pointer)
            for pointer, node in _callbacks(definition)
        ),
    )


def _callbacks(definition: MapNode) -> Iterator[tuple[Pointer, Node]]:
    """Iterate over the functions that a definition names by moment, in their order."""
    moments = find(definition, ("callbacks",))
    for moment in moments.entries if isinstance(moments, MapNode) else ():
        yield from one_or_many(definition, ("callbacks", moment))


def _config_module(definition: MapNode) -> str:
    name = find(definition, ("name",))
    assert name is not None
    return f"{NAMESPACE}.{package_name(str(plain(name)))}.config"


def _nested(definition: MapNode, slots: tuple[SlotSpec, ...]) -> Iterator[SlotSpec]:
    """Iterate over the sections among the fields; each takes what the slot of its kind takes."""
    by_kind = {slot.slot.kind: slot for slot in slots}
    properties = find(definition, _PROPERTIES)
    entries = properties.entries if isinstance(properties, MapNode) else {}
    for name, entry in entries.items():
        if kind := nested_kind(entry.value):
            outer, schema = by_kind[kind], cast("dict[str, JSON]", plain(entry.value))
            former, deprecated = names_of(schema)
            yield SlotSpec(
                slot=replace(outer.slot, section=name),
                factories=outer.factories,
                pointer=(*_PROPERTIES, name),
                description=described(schema, f"A {kind} beside the one that is trained."),
                renamed_from=former,
                deprecated=deprecated,
            )


def _import_path(value: JSON) -> ImportPath | None:
    return ImportPath.parse(str(value)) if value else None


@dataclass
class _Resolver:
    definition: MapNode
    module: str
    """Where the sections of factories that are defined in place will be."""

    def __post_init__(self) -> None:
        self.problems: list[Diagnostic] = []

    def slot(self, slot: Slot) -> SlotSpec:
        """Look up the factories of a slot; what is not there becomes a problem."""
        found: dict[str, tuple[FactorySpec, Span]] = {}
        for pointer, node in one_or_many(self.definition, (slot.key,)):
            factory = self._factory(slot, pointer, node)
            if factory and factory.name in found:
                self.problems.append(_twice(factory.name, node.span, found[factory.name][1]))
            elif factory:
                found[factory.name] = factory, node.span
        return SlotSpec(slot, tuple(factory for factory, _ in found.values()), (slot.key,))

    def _factory(self, slot: Slot, pointer: Pointer, node: Node) -> FactorySpec | None:
        if isinstance(node, MapNode):
            return own_factory(self.definition, slot, pointer, self.module)
        name = str(plain(node))
        built_in = built_in_factories()[slot.kind]
        shared = (FACTORIES, slot.kind, name)
        if name in built_in:
            return built_in[name]
        if find(self.definition, shared) is not None:
            return own_factory(self.definition, slot, shared, self.module)
        others = find(self.definition, shared[:-1])
        known = {*built_in, *(others.entries if isinstance(others, MapNode) else ())}
        self.problems.append(unknown_factory(name, node.span, slot, known))
        return None


def unimportable(
    definition: MapNode, project: Project
) -> Iterator[tuple[Diagnostic, ImportPath | None]]:
    """Find what the user writes and cannot be imported, and what a module lacks.

    A module of the user's that does not exist is no problem: ``new-trainer`` writes a stub.
    """
    classes = [(*pointer, "class") for _, pointer in own_factories(definition)]
    callbacks = [pointer for pointer, _ in _callbacks(definition)]
    for pointer in (("loss",), ("implementation",), *classes, *callbacks):
        value = find(definition, pointer)
        if value is None:
            continue
        what = "function" if pointer[0] in {"loss", "callbacks"} else "class"
        path = ImportPath.parse(str(plain(value)))
        file = module_file(path.module, import_roots(project))
        if reason := _not_the_users(path.module, file, project):
            yield Diagnostic(code="not-importable", message=reason, span=value.span), None
        names = _top_level_names(file) if file else None
        if file and names is not None and path.name not in names:
            yield _not_in_module(path, value.span, file, names, what), path


def import_roots(project: Project) -> tuple[Path, ...]:
    """Return the folders from which modules are imported: the project's, then the installed."""
    return (*project.source_roots, *_installed(tuple(sys.path)))


@cache
def _installed(folders: tuple[str, ...]) -> tuple[Path, ...]:
    return tuple(map(Path, folders))


def _not_the_users(module: str, file: Path | None, project: Project) -> str:
    """Return why the user cannot have a function in a module, or an empty text."""
    top = module.partition(".")[0]
    if top in {NAMESPACE, FACTORY_NAMESPACE} or project.root.joinpath(
        *module.split(".")
    ).is_relative_to(project.generated):
        return f"`{module}` is the generator's: put what you write into a module of your own"
    if file or module_file(top, project.source_roots):
        return ""
    if top in sys.stdlib_module_names or module_file(top, import_roots(project)):
        return f"`{top}` is installed, and there is no `{module}`"
    return ""


def _twice(name: str, span: Span, first: Span) -> Diagnostic:
    return Diagnostic(
        code="name-taken",
        message=f"the factory `{name}` stands here twice",
        span=span,
        related=(Related("first here", first),),
    )


def _mixed_batches(data: SlotSpec, definition: MapNode) -> Iterator[Diagnostic]:
    batches = {factory.batch: factory.name for factory in data.factories}
    if len(batches) > 1:
        makes = ", ".join(f"`{name}` makes {b.name}" for b, name in batches.items() if b)
        yield Diagnostic(
            code="not-allowed",
            message=f"one loss cannot take different batches: {makes}",
            span=value_span(definition, data.pointer),
        )


def _top_level_names(file: Path) -> set[str] | None:
    """Return what a module defines or imports, without running it; None if it does not parse."""
    try:
        body = ast.parse(file.read_bytes()).body
    except (SyntaxError, ValueError):
        return None
    names: set[str] = set()
    for statement in body:
        match statement:
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
            ):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names |= {alias.asname or alias.name for alias in aliases}
            case ast.Assign(targets=targets):
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case _:
                pass
    return names


def _not_in_module(
    path: ImportPath, span: Span, file: Path, names: set[str], what: str
) -> Diagnostic:
    return Diagnostic(
        code="not-importable",
        message=f"the module `{path.module}` has no `{path.name}`",
        span=span,
        suggestion="" if not (meant := nearest(path.name, names)) else f"{path.module}:{meant}",
        hint=f"write the {what} into {file}, which is yours and is not written to",
    )
