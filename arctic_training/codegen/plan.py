"""Stage 6, plan: a specification to the files to write, each a template and its view."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from arctic_training.codegen.clashes import models
from arctic_training.codegen.code import (
    Code,
    Imports,
    docstring,
    literal,
    printable,
    with_deprecation,
)
from arctic_training.codegen.pages import page_view
from arctic_training.codegen.python_types import annotation, default, renamed
from arctic_training.codegen.recipe_schema import has_default, recipe_schema, section_description
from arctic_training.codegen.spec import (
    FieldSpec,
    ImportPath,
    ObjectType,
    SlotSpec,
    TrainerSpec,
)
from arctic_training.codegen.views import (
    AttributeView,
    ConfigView,
    FactoryView,
    InitView,
    ModelView,
    SlotView,
    TrainerView,
    View,
)
from arctic_training.document import Pointer
from arctic_training.interface import INTERFACE
from arctic_training.project import NAMESPACE

__all__ = ["PlannedFile", "config_path", "plan", "trainer_path"]

_BASE = "arctic_training.config.base"


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file to write: a template and its view, or a finished text.

    ``pointers`` say which place of the definition each named part of the file was made from.
    """

    path: str
    template: str = ""
    view: View | None = None
    text: str = ""
    pointers: dict[str, Pointer] = dataclasses.field(default_factory=dict)


def plan(spec: TrainerSpec) -> list[PlannedFile]:
    """Return the files of a trainer's package; paths start at the generated source root."""
    folder = f"{NAMESPACE}/{spec.package}"
    return [
        PlannedFile(f"{folder}/__init__.py", "init.py.j2", _init(spec)),
        PlannedFile(f"{folder}/README.md", "readme.md.j2", page_view(spec)),
        PlannedFile(
            f"{folder}/config.py",
            "config.py.j2",
            _config(spec),
            pointers=dict(_config_pointers(spec)),
        ),
        PlannedFile(f"{folder}/py.typed"),
        PlannedFile(f"{folder}/recipe.schema.json", text=recipe_schema(spec)),
        PlannedFile(
            f"{folder}/trainer.py",
            "trainer.py.j2",
            _trainer(spec),
            pointers=dict(_trainer_pointers(spec)),
        ),
    ]


def config_path(spec: TrainerSpec) -> ImportPath:
    """Return where the config class is."""
    return ImportPath(f"{NAMESPACE}.{spec.package}.config", spec.config_class)


def trainer_path(spec: TrainerSpec) -> ImportPath:
    """Return where the class is that a recipe's ``type`` means."""
    module = f"{NAMESPACE}.{spec.package}.trainer"
    return spec.implementation or ImportPath(module, spec.trainer_class)


def _config(spec: TrainerSpec) -> ConfigView:
    imports = Imports()
    recipe = imports.use(ImportPath("arctic_training.config.trainer", "TrainerConfig"))
    named = imports.use(ImportPath("typing", "Literal"))
    made = [_model(field, kind, imports) for field, kind in models(spec.fields)]
    attributes = [
        AttributeView(
            Code("type"),
            Code(f"{named}[{literal(spec.name)}]"),
            literal(spec.name),
            Code("Name of the trainer."),
        ),
        *(_section(slot, imports) for slot in spec.sections),
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


def _config_pointers(spec: TrainerSpec) -> Iterator[tuple[str, Pointer]]:
    yield f"{spec.config_class}.type", ("name",)
    for slot in spec.sections:
        yield f"{spec.config_class}.{slot.slot.section}", slot.pointer
    owners = {kind.class_name: kind.fields for _, kind in models(spec.fields)}
    for owner, fields in (owners | {spec.config_class: spec.fields}).items():
        for field in fields:
            yield f"{owner}.{field.name}", field.pointer


def _model(field: FieldSpec, kind: ObjectType, imports: Imports) -> ModelView:
    base = imports.use(ImportPath(_BASE, "Config"))
    doc = docstring(kind.description or f"Value of `{field.name}`.")
    attributes = [_attribute(inner, imports) for inner in kind.fields]
    return ModelView(Code(kind.class_name), base, doc, attributes)


def _attribute(field: FieldSpec, imports: Imports) -> AttributeView:
    kind = renamed(annotation(field.type, imports), field.name, field.renamed_from, imports)
    doc = docstring(with_deprecation(field.description, field.deprecated))
    return AttributeView(Code(field.name), kind, default(field), doc)


def _section(slot: SlotSpec, imports: Imports) -> AttributeView:
    configs = [imports.use(factory.config) for factory in slot.factories]
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


def _trainer(spec: TrainerSpec) -> TrainerView:
    imports = Imports()
    trainer = imports.use(ImportPath("arctic_training.trainer.trainer", "Trainer"))
    config = imports.use(config_path(spec))
    batch = imports.use(spec.batch)
    imports.use(ImportPath("typing_extensions", "override"))
    output = Code()
    if spec.loss:
        result = imports.use(ImportPath("arctic_training.losses.output", "LossOutput"))
        output = Code(f"{result} | {imports.use(ImportPath('torch', 'Tensor'))}")
    keywords = f"interface={INTERFACE}" + (", abstract=True" if spec.implementation else "")
    slots = [_slot(slot, imports) for slot in spec.slots]
    frozen = [_slot(slot, imports) for slot in spec.nested]
    name = spec.base_class
    return TrainerView(
        source=Code(printable(spec.source)),
        title=docstring(f"The `{spec.name}` trainer."),
        imports=imports.groups() if not spec.loss else _with_loss(imports, spec.loss),
        exports=[literal(name)],
        class_name=Code(name),
        base=Code(f"{trainer}[{config}, {batch}]"),
        keywords=Code(keywords),
        doc=docstring(spec.description),
        name=literal(spec.name),
        config_class=config,
        coupling=literal(spec.coupling),
        metrics=literal(dict(spec.metrics)),
        slots=slots,
        frozen=frozen,
        loss=Code(spec.loss.name) if spec.loss else None,
        batch=batch,
        output=output,
    )


def _trainer_pointers(spec: TrainerSpec) -> Iterator[tuple[str, Pointer]]:
    owner = spec.base_class
    if spec.loss:
        yield f"import {spec.loss.module}", ("loss",)
        yield f"{owner}.loss", ("loss",)
    for slot in spec.slots:
        yield f"{owner}.{slot.slot.key}", slot.pointer
        yield f"{owner}.{slot.slot.maker}", slot.pointer
    for slot in spec.nested:
        yield f"{owner}.make_frozen_model_factories", slot.pointer
    for key in ("name", "coupling", "metrics"):
        yield f"{owner}.{key}", (key,)
    yield owner, ("name",)


def _with_loss(imports: Imports, loss: ImportPath) -> list[list[Code]]:
    imports.use(loss)
    return imports.groups()


def _slot(spec: SlotSpec, imports: Imports) -> SlotView:
    factories = [
        FactoryView(imports.use(factory.factory), Code(factory.config.name))
        for factory in spec.factories
    ]
    classes = [factory.factory for factory in factories]
    types = classes[0] if len(classes) == 1 else Code(f"({Code(', ').join(classes)})")
    if len(classes) > 1 or spec.slot.is_list:
        for factory in spec.factories:
            imports.use(factory.config)
    return SlotView(
        key=Code(spec.slot.key),
        types=types,
        maker=Code(spec.slot.maker),
        section=Code(spec.slot.section),
        product=_product(spec, classes, imports),
        factories=factories,
        is_list=spec.slot.is_list,
        gives=Code("yield" if spec.is_nested else "return"),
    )


def _product(spec: SlotSpec, classes: list[Code], imports: Imports) -> Code:
    """Return the type of what the slot's method returns: the class, or what several share."""
    is_iterated = spec.slot.is_list or spec.is_nested
    if len(classes) == 1 and not is_iterated:
        return classes[0]
    base = imports.use(spec.slot.base)
    arguments = [imports.use(spec.slot.config_base)]
    if batch := spec.factories[0].batch:
        arguments.append(imports.use(batch))
    product = Code(f"{base}[{Code(', ').join(arguments)}]")
    if not is_iterated:
        return product
    return Code(f"{imports.use(ImportPath('collections.abc', 'Iterator'))}[{product}]")


def _init(spec: TrainerSpec) -> InitView:
    offered = {config_path(spec), trainer_path(spec)}
    if spec.implementation:
        offered.add(ImportPath(f"{NAMESPACE}.{spec.package}.trainer", spec.base_class))
    imports = Imports()
    for path in offered:
        imports.use(path)
    homes = sorted((path.name, path.module) for path in offered)
    return InitView(
        source=Code(printable(spec.source)),
        title=docstring(f"The `{spec.name}` trainer. Nothing is imported before it is used."),
        imports=imports.groups(),
        exports=[literal(name) for name, _ in homes],
        homes=[(literal(name), literal(module)) for name, module in homes],
    )
