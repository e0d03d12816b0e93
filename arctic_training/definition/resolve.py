"""The stage resolve: names to what they stand for; what was read becomes a frozen definition."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from arctic_training.config.slots import SLOTS, ImportPath, Slot
from arctic_training.definition.definition import (
    CallbackSpec,
    Definition,
    FactorySpec,
    HandWritten,
    Place,
    SlotSpec,
)
from arctic_training.definition.extend import BUILT_IN, built_in_definitions
from arctic_training.definition.factories.builtin import built_in_factories
from arctic_training.definition.factories.custom import (
    ReadFactory,
    resolved_factory,
    unknown_factory,
)
from arctic_training.definition.fields.types import with_field_class_names
from arctic_training.definition.importable import missing_from_module, unimportable, user_file
from arctic_training.definition.name_clashes import name_clashes
from arctic_training.definition.names import camel_case
from arctic_training.definition.read import Candidate, Reading
from arctic_training.diagnostics import Diagnostic, Related, Span, has_errors
from arctic_training.project.locations import NAMESPACE, Project, package_name

__all__ = ["Stubber", "resolve"]

Stubber: TypeAlias = Callable[[Definition, ImportPath], str]
"""Returns the code that a module of the user's lacks."""


def resolve(
    reading: Reading, path: Path, project: Project, stubber: Stubber | None = None
) -> tuple[Definition, list[Diagnostic]]:
    """Return the definition that was read, and what its names fail to stand for.

    Beside an error it is not whole. With a ``stubber``, a function that its module lacks is
    reported with the code to paste.
    """
    resolver = _Resolver(reading)
    slots = tuple(
        resolver.slot(slot) for slot in SLOTS if slot.is_required or reading.slots[slot.key]
    )
    spec = _spec(reading, path, project, slots)
    found = [*resolver.problems, *_mixed_batches(slots[0])]
    found += name_clashes(spec)
    found += _built_in_name(spec, path, project)
    written = {(each.path, each.span): each for each in reading.hand_written}
    files = {each: user_file(each, project) for each in written.values()}
    found += (
        problem for each, file in files.items() for problem in unimportable(each, file, project)
    )
    lacking = [
        (each, problem)
        for each, file in files.items()
        if (problem := missing_from_module(each, file))
    ]
    is_right = stubber and not has_errors(found)
    for each, problem in lacking:
        paste = stubber(spec, each.path) if stubber and is_right else ""
        found.append(replace(problem, paste=paste))
    return spec, found


def _spec(
    reading: Reading, path: Path, project: Project, slots: tuple[SlotSpec, ...]
) -> Definition:
    name = reading.name
    config_class = reading.config_name or f"{camel_case(name)}TrainerConfig"
    owner = config_class.removesuffix("TrainerConfig")
    is_described = "description" in reading.places
    return Definition(
        source=path.resolve().relative_to(project.root).as_posix(),
        text=reading.text,
        span=reading.span,
        places=reading.places,
        config_span=reading.config_span,
        fields_span=reading.fields_span,
        name=name,
        package=package_name(name),
        description=reading.description if is_described else f"The `{name}` trainer.",
        coupling=reading.coupling,
        config_class=config_class,
        trainer_class=config_class.removesuffix("Config"),
        fields=with_field_class_names(reading.fields.fields, owner.__add__),
        slots=slots,
        nested=tuple(_nested(reading, slots)),
        loss=_path(reading.loss),
        implementation=_path(reading.implementation),
        metrics=reading.metrics,
        metric_keys=reading.metric_keys,
        callbacks=tuple(
            CallbackSpec(each.moment, each.function.path, each.function.span)
            for each in reading.callbacks
        ),
    )


def _path(named: HandWritten | None) -> ImportPath | None:
    return named.path if named else None


def _nested(reading: Reading, slots: tuple[SlotSpec, ...]) -> Iterator[SlotSpec]:
    """Iterate over the sections among the fields; each takes what the slot of its kind takes."""
    by_kind = {slot.slot.kind: slot for slot in slots}
    for section in reading.sections:
        outer = by_kind[section.kind]
        yield replace(
            outer,
            slot=replace(outer.slot, section=section.name),
            place=Place(section.key, section.key),
            description=section.description,
            renamed_from=section.renamed_from,
            deprecated=section.deprecated,
        )


@dataclass
class _Resolver:
    reading: Reading
    problems: list[Diagnostic] = field(default_factory=list)

    def slot(self, slot: Slot) -> SlotSpec:
        """Look up the factories of a slot; what is not there becomes a problem."""
        found: dict[str, tuple[FactorySpec, Span]] = {}
        for each in self.reading.slots[slot.key]:
            span = each.place.value if isinstance(each, ReadFactory) else each.span
            factory = self._factory(slot, each)
            if factory and factory.name in found:
                if factory.own:  # a name that is listed twice is a finding of the schema
                    first = found[factory.name][1]
                    self.problems.append(_duplicate(factory.name, span, first))
            elif factory:
                found[factory.name] = factory, span
        span = self.reading.span
        place = self.reading.places.get(slot.key, Place(span, span))
        factories = tuple(factory for factory, _ in found.values())
        return SlotSpec(slot, factories, place, tuple(span for _, span in found.values()))

    def _factory(self, slot: Slot, candidate: Candidate) -> FactorySpec | None:
        module = f"{NAMESPACE}.{package_name(self.reading.name)}.config"
        if isinstance(candidate, ReadFactory):
            return resolved_factory(candidate, module)
        built_in = built_in_factories()[slot.kind]
        shared = self.reading.shared_factories[slot.kind]
        if candidate.name in built_in:
            return built_in[candidate.name]
        if candidate.name in shared:
            return resolved_factory(shared[candidate.name], module)
        known = {*built_in, *shared}
        self.problems.append(unknown_factory(candidate.name, candidate.span, slot, known))
        return None


def _duplicate(name: str, span: Span, first: Span) -> Diagnostic:
    return Diagnostic(
        code="name-taken",
        message=f"duplicate factory `{name}`",
        span=span,
        related=(Related("first here", first),),
    )


def _mixed_batches(data: SlotSpec) -> Iterator[Diagnostic]:
    batches = {factory.batch: factory.name for factory in data.factories}
    if len(batches) > 1:
        makes = ", ".join(f"`{name}` makes {b.name}" for b, name in batches.items() if b)
        yield Diagnostic(
            code="conflict",
            message=f"one loss cannot take different batches: {makes}",
            span=data.place.value,
        )


def _built_in_name(spec: Definition, path: Path, project: Project) -> Iterator[Diagnostic]:
    """Find a trainer that would hide a built-in one, and all that extend it.

    A built-in one itself is that of this package, or of a checkout of another state of it.
    """
    known = {package_name(each): file.name for each, file in built_in_definitions().items()}
    file = known.get(spec.package)
    if file and path.resolve() != project.root / BUILT_IN / file:
        yield Diagnostic(
            code="name-taken",
            message=f"duplicate trainer name `{spec.name}`: a built-in trainer has it",
            span=spec.span_of("name"),
            help=f"choose another name; `extends: {spec.name}` inherits what the trainer has",
        )
