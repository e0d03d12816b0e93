"""Stage 5, resolve: names to what they stand for; a checked definition becomes a specification."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias, cast

from arctic_training.config.slots import SLOTS, ImportPath, Slot
from arctic_training.definition.factories.builtin import built_in_factories
from arctic_training.definition.factories.custom import (
    one_or_many,
    own_factory,
    unknown_factory,
)
from arctic_training.definition.fields.keywords import described, names_of, nested_kind
from arctic_training.definition.fields.reading import FieldReader
from arctic_training.definition.importable import named_callbacks, unimportable
from arctic_training.definition.names import camel_case
from arctic_training.definition.specification import (
    FACTORIES,
    CallbackSpec,
    FactorySpec,
    SlotSpec,
    TrainerSpec,
)
from arctic_training.diagnostics import Diagnostic, Related, Span
from arctic_training.document import JSON, MapNode, Node, Pointer, find, plain, value_span
from arctic_training.project.locations import NAMESPACE, Project, package_name

__all__ = ["Stubber", "resolve"]

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
            for pointer, node in named_callbacks(definition)
        ),
    )


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
