"""The stage plan: a definition to the files to write, each a template and its view."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from arctic_training.codegen.code import (
    Code,
    Imports,
    docstring,
    literal,
    printable,
    with_deprecation,
)
from arctic_training.codegen.python_types import annotation, default, renamed
from arctic_training.codegen.recipe_schema import has_default, recipe_schema, section_description
from arctic_training.codegen.reference_page import page_view
from arctic_training.codegen.trainer_view import trainer_spans, trainer_view
from arctic_training.codegen.views import (
    AttributeView,
    ConfigView,
    InitView,
    ModelView,
    View,
)
from arctic_training.config.slots import ImportPath
from arctic_training.definition.definition import Definition, FactorySpec, SlotSpec
from arctic_training.definition.fields.types import FieldSpec, ObjectType
from arctic_training.definition.name_clashes import models
from arctic_training.diagnostics import Span
from arctic_training.project.locations import FACTORIES_FILE, FACTORY_NAMESPACE, NAMESPACE
from arctic_training.validation.shared_sections import SHARED_SECTIONS, shared_sections_text

__all__ = ["PlannedFile", "config_path", "plan", "trainer_path"]

_BASE = "arctic_training.config.base"


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file to write: a template and its view, or a finished text.

    ``spans`` say which place of the definition each named part of the file was made from.
    """

    path: str
    template: str = ""
    view: View | None = None
    text: str = ""
    spans: dict[str, Span] = dataclasses.field(default_factory=dict)


def plan(spec: Definition) -> list[PlannedFile]:
    """Return the files of a trainer, those of its package and of the shared sections that it takes.

    Paths start at the generated source root.
    """
    shared = (factory for factory in spec.own_factories if factory.own and factory.own.package)
    return [*_package(spec), *(file for factory in shared for file in _shared_section(factory))]


def _package(spec: Definition) -> list[PlannedFile]:
    folder = f"{NAMESPACE}/{spec.package}"
    return [
        PlannedFile(f"{folder}/__init__.py", "init.py.j2", _init(spec)),
        PlannedFile(f"{folder}/README.md", "readme.md.j2", page_view(spec)),
        PlannedFile(
            f"{folder}/config.py",
            "config.py.j2",
            _config(spec),
            spans=dict(_config_spans(spec)),
        ),
        PlannedFile(f"{folder}/py.typed"),
        PlannedFile(f"{folder}/recipe.schema.json", text=recipe_schema(spec)),
        PlannedFile(f"{NAMESPACE}/{SHARED_SECTIONS}", text=shared_sections_text()),
        PlannedFile(
            f"{folder}/trainer.py",
            "trainer.py.j2",
            trainer_view(spec, config_path(spec)),
            spans=dict(trainer_spans(spec)),
        ),
    ]


def config_path(spec: Definition) -> ImportPath:
    """Return where the config class is."""
    return ImportPath(f"{NAMESPACE}.{spec.package}.config", spec.config_class)


def trainer_path(spec: Definition) -> ImportPath:
    """Return where the class is that a recipe's ``type`` means."""
    module = f"{NAMESPACE}.{spec.package}.trainer"
    return spec.implementation or ImportPath(module, spec.trainer_class)


def _config(spec: Definition) -> ConfigView:
    imports = Imports()
    recipe = imports.use(ImportPath("arctic_training.config.trainer", "TrainerConfig"))
    named = imports.use(ImportPath("typing", "Literal"))
    made = [model for own in _in_place(spec) for model in _section_models(own, imports)]
    made += [_model(field, kind, imports) for field, kind in models(spec.fields)]
    attributes = [
        AttributeView(
            Code("type"),
            Code(f"{named}[{literal(spec.name)}]"),
            literal(spec.name),
            Code("Name of the trainer."),
        ),
        *(_section(slot, config_path(spec).module, imports) for slot in spec.sections),
        *(_attribute(field, imports) for field in spec.fields),
    ]
    doc = docstring(f"Recipe of the `{spec.name}` trainer.")
    made.append(ModelView(Code(spec.config_class), recipe, doc, attributes))
    return ConfigView(
        source=Code(printable(spec.source)),
        title=docstring(f"Config models of the `{spec.name}` trainer."),
        imports=imports.groups(),
        exports=sorted(literal(str(model.name)) for model in made),
        models=made,
    )


def _shared_section(factory: FactorySpec) -> list[PlannedFile]:
    """Return the package of the section of a factory that definitions share."""
    assert factory.own
    folder = f"{FACTORY_NAMESPACE}/{factory.own.package}"
    title = f"The section of the factory `{factory.name}`."
    imports = Imports()
    made = _section_models(factory, imports)
    config = ConfigView(
        source=Code(FACTORIES_FILE),
        title=docstring(title),
        imports=imports.groups(),
        exports=sorted(literal(str(model.name)) for model in made),
        models=made,
    )
    spans = dict(_section_spans(factory))
    return [
        PlannedFile(f"{folder}/__init__.py", "init.py.j2", _offering({factory.config}, title)),
        PlannedFile(f"{folder}/config.py", "config.py.j2", config, spans=spans),
        PlannedFile(f"{folder}/py.typed"),
    ]


def _section_models(factory: FactorySpec, imports: Imports) -> list[ModelView]:
    """Return the models of the section of a user's factory: those inside it, then its own."""
    assert factory.own
    annotated = imports.use(ImportPath("typing", "Annotated"))
    named = imports.use(ImportPath("arctic_training.config.markers", "Named"))
    name = literal(factory.name)
    kind = Code(f"{annotated}[str, {named}({name})]")
    attributes = [
        AttributeView(Code("type"), kind, name, Code("Name of the factory.")),
        *(_attribute(field, imports) for field in factory.own.fields),
    ]
    base = imports.use(factory.own.base.config)
    doc = docstring(factory.own.description)
    inner = [_model(field, kind, imports) for field, kind in models(factory.own.fields)]
    return [*inner, ModelView(Code(factory.config.name), base, doc, attributes)]


def _section_spans(factory: FactorySpec) -> Iterator[tuple[str, Span]]:
    assert factory.own
    yield f"{factory.config.name}.type", factory.own.place.value
    yield from _field_spans(factory.config.name, factory.own.fields)


def _field_spans(owner: str, fields: tuple[FieldSpec, ...]) -> Iterator[tuple[str, Span]]:
    """Iterate over the fields of a model, and of those inside it, with their places."""
    owners = {kind.class_name: kind.fields for _, kind in models(fields)}
    for name, inner in (owners | {owner: fields}).items():
        for field in inner:
            yield f"{name}.{field.name}", field.span


def _config_spans(spec: Definition) -> Iterator[tuple[str, Span]]:
    yield f"{spec.config_class}.type", spec.span_of("name")
    for slot in spec.sections:
        yield f"{spec.config_class}.{slot.slot.section}", slot.place.value
    for factory in _in_place(spec):
        yield from _section_spans(factory)
    yield from _field_spans(spec.config_class, spec.fields)


def _in_place(spec: Definition) -> list[FactorySpec]:
    """Return the factories whose sections are in the trainer's own module."""
    return [f for f in spec.own_factories if f.own and not f.own.package]


def _model(field: FieldSpec, kind: ObjectType, imports: Imports) -> ModelView:
    base = imports.use(ImportPath(_BASE, "Config"))
    doc = docstring(kind.description or f"Value of `{field.name}`.")
    attributes = [_attribute(inner, imports) for inner in kind.fields]
    return ModelView(Code(kind.class_name), base, doc, attributes)


def _attribute(field: FieldSpec, imports: Imports) -> AttributeView:
    kind = renamed(annotation(field.type, imports), field.name, field.renamed_from, imports)
    doc = docstring(with_deprecation(field.description, field.deprecated))
    return AttributeView(Code(field.name), kind, default(field), doc)


def _section(slot: SlotSpec, here: str, imports: Imports) -> AttributeView:
    configs = [
        Code(factory.config.name) if factory.config.module == here else imports.use(factory.config)
        for factory in slot.factories
    ]
    kind = Code(" | ").join(configs)
    if len(configs) > 1:
        annotated = imports.use(ImportPath("typing", "Annotated"))
        kind = Code(f"{annotated}[{kind}, {imports.use(ImportPath(_BASE, 'ByType'))}()]")
    first: Code | None = Code(f"{configs[0]}()") if has_default(slot) else None
    if slot.slot.is_list:
        annotated = imports.use(ImportPath("typing", "Annotated"))
        one_or_many = imports.use(ImportPath(_BASE, "OneOrMany"))
        kind, first = Code(f"{annotated}[tuple[{kind}, ...], {one_or_many}()]"), Code("()")
    kind = renamed(Code(kind), slot.slot.section, slot.renamed_from, imports)
    doc = docstring(with_deprecation(section_description(slot), slot.deprecated))
    return AttributeView(Code(slot.slot.section), kind, first, doc)


def _init(spec: Definition) -> InitView:
    offered = {config_path(spec), trainer_path(spec), *(own.config for own in _in_place(spec))}
    if spec.implementation:
        offered.add(ImportPath(f"{NAMESPACE}.{spec.package}.trainer", spec.base_class))
    title = f"The `{spec.name}` trainer. Nothing is imported before it is used."
    return _offering(offered, title, spec.source)


def _offering(offered: set[ImportPath], title: str, source: str = FACTORIES_FILE) -> InitView:
    """Return a package that offers some names."""
    imports = Imports()
    for path in offered:
        imports.use(path)
    homes = sorted((path.name, path.module) for path in offered)
    return InitView(
        source=Code(printable(source)),
        title=docstring(title),
        imports=imports.groups(),
        exports=[literal(name) for name, _ in homes],
        homes=[(literal(name), literal(module)) for name, module in homes],
    )
