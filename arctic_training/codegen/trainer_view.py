"""The module of a trainer's class: what its template sees, and what it was made from."""

from __future__ import annotations

from collections.abc import Iterator

from arctic_training.codegen.code import Code, Imports, docstring, literal, printable
from arctic_training.codegen.views import CallbacksView, FactoryView, SlotView, TrainerView
from arctic_training.config.slots import ImportPath
from arctic_training.definition.definition import Definition, SlotSpec
from arctic_training.diagnostics import Span
from arctic_training.project.interface import INTERFACE

__all__ = ["trainer_spans", "trainer_view"]


def trainer_view(spec: Definition, config_class: ImportPath) -> TrainerView:
    """Return what the module shows; ``config_class`` is the trainer's."""
    imports = Imports()
    trainer = imports.use(ImportPath("arctic_training.trainer.trainer", "Trainer"))
    config = imports.use(config_class)
    batch = imports.use(spec.batch)
    imports.use(ImportPath("typing_extensions", "override"))
    output = Code()
    if spec.loss:
        result = imports.use(ImportPath("arctic_training.core.loss_output", "LossOutput"))
        output = Code(f"{result} | {imports.use(ImportPath('torch', 'Tensor'))}")
    keywords = f"interface={INTERFACE}" + (", abstract=True" if spec.implementation else "")
    slots = [_slot(slot, imports) for slot in spec.slots]
    frozen = [_slot(slot, imports) for slot in spec.nested]
    name = spec.base_class
    callbacks_type = _callbacks_type(spec, imports)
    callbacks = list(_callbacks(spec, imports))
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
        callbacks_type=callbacks_type,
        callbacks=callbacks,
        slots=slots,
        frozen=frozen,
        loss=Code(spec.loss.name) if spec.loss else None,
        batch=batch,
        output=output,
    )


def trainer_spans(spec: Definition) -> Iterator[tuple[str, Span]]:
    """Iterate over the named parts of the module, with the places that they were made from."""
    owner = spec.base_class
    if spec.loss:
        yield f"import {spec.loss.module}", spec.span_of("loss")
        yield f"{owner}.loss", spec.span_of("loss")
    for slot in spec.slots:
        for factory in slot.factories:
            if factory.own:
                named = factory.own.hand_written.span
                yield f"import {factory.factory.module}", named
                yield f"{owner}.{slot.slot.maker}.{factory.factory.name}", named
        yield f"{owner}.{slot.slot.key}", slot.place.value
        yield f"{owner}.{slot.slot.maker}", slot.place.value
    for slot in spec.nested:
        yield f"{owner}.make_frozen_model_factories", slot.place.value
    for key in ("name", "coupling", "metrics"):
        yield f"{owner}.{key}", spec.span_of(key)
    for callback in spec.callbacks:
        yield f"import {callback.function.module}", callback.span
        yield f"{owner}.callbacks.{callback.function.name}", callback.span
    yield owner, spec.span_of("name")


def _callbacks_type(spec: Definition, imports: Imports) -> Code:
    """Return the type of the callbacks: mypy shows each function that does not take the trainer."""
    if not spec.callbacks:
        return Code()
    constant = imports.use(ImportPath("typing", "ClassVar"))
    callbacks = imports.use(ImportPath("arctic_training.callback.callbacks", "CallbacksOf"))
    return Code(f"{constant}[{callbacks}[{spec.base_class}]]")


def _callbacks(spec: Definition, imports: Imports) -> Iterator[CallbacksView]:
    for moment in dict.fromkeys(callback.moment for callback in spec.callbacks):
        called = (callback for callback in spec.callbacks if callback.moment == moment)
        functions = [imports.use(callback.function) for callback in called]
        yield CallbacksView(literal(moment), functions)


def _with_loss(imports: Imports, loss: ImportPath) -> list[list[Code]]:
    imports.use(loss)
    return imports.groups()


def _slot(spec: SlotSpec, imports: Imports) -> SlotView:
    """Return what a slot shows; a section that extends another is tried before it."""
    factories = [
        FactoryView(imports.use(factory.factory), Code(factory.config.name))
        for factory in spec.factories
    ]
    classes = [factory.factory for factory in factories]
    places = {f.factory.name: (not f.own, not f.extends) for f in spec.factories}
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
        factories=sorted(factories, key=lambda view: places[view.factory]),
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
