"""Stubs of the functions and classes that a user begins with, whole or to be pasted."""

from __future__ import annotations

import textwrap
from typing import Final

from arctic_training.codegen.code import Code, Imports, docstring, literal
from arctic_training.codegen.formatting import laid_out
from arctic_training.codegen.plan import config_path
from arctic_training.codegen.render import fill
from arctic_training.codegen.scaffold_losses import FirstLoss, first_loss
from arctic_training.config.slots import ImportPath
from arctic_training.definition.definition import Definition, FactorySpec
from arctic_training.project.locations import NAMESPACE

__all__ = ["missing_loss", "pasted", "probe", "signature", "stub"]

_FUTURE: Final = "from __future__ import annotations\n"
_OUTPUT: Final = "arctic_training.core.loss_output"


def stub(spec: Definition, path: ImportPath, extended: ImportPath | None = None) -> str:
    """Return the text of a module with the function or the class that a definition names.

    A loss begins as that of the trainer which is ``extended``, where one is given.
    """
    for factory in spec.own_factories:
        if path == factory.factory:
            return _factory_stub(factory)
    if path == spec.loss:
        return _loss_stub(spec, path, extended)
    if path == spec.implementation:
        return _implementation_stub(spec, path)
    return _callback_stub(spec, path)


def pasted(spec: Definition, path: ImportPath) -> str:
    """Return what a module of the user's lacks, to be put into it: all below its first lines."""
    return laid_out(stub(spec, path)).partition(_FUTURE)[2].lstrip()


def signature(spec: Definition, path: ImportPath, names: list[str]) -> str:
    """Return the first lines of a loss or of a callback, and what they need imported.

    ``names`` are those that its parameters have, if there are as many as it has to take.
    """
    imports = Imports()
    config, batch = imports.use(config_path(spec)), imports.use(spec.batch)
    trainer = imports.use(ImportPath("arctic_training.trainer.trainer", "Trainer"))
    types = {"trainer": f"{trainer}[{config}, {batch}]"}
    returned = Code("None")
    if path == spec.loss:
        types["batch"] = batch
        returned = imports.use(ImportPath(_OUTPUT, "LossOutput"))
    named = names if len(names) == len(types) else [*types]
    taken = zip(named, types.values(), strict=True)
    values = {
        "imports": imports.groups(),
        "function": Code(path.name),
        "parameters": Code(", ".join(f"{name}: {kind}" for name, kind in taken)),
        "returned": returned,
    }
    return laid_out(fill("signature.py.j2", values)).removesuffix("    pass\n")


def missing_loss(spec: Definition, implementation: ImportPath) -> str:
    """Return the method that a hand-written class lacks, with the imports that it needs."""
    imports = Imports()
    batch, body = imports.use(spec.batch), _loss_body(spec, imports, Code("self"), depth=2)
    name = Code(implementation.name)
    values = {"class_name": name, "imports": imports.groups(), "batch": batch, "body": body}
    return fill("missing_loss.py.j2", values)


def probe(spec: Definition, implementation: ImportPath) -> str:
    """Return a module that makes the trainer of a hand-written class, for mypy to look at."""
    imports = Imports()
    home = f"{NAMESPACE}.{spec.package}.trainer"
    config, base = imports.use(config_path(spec)), imports.use(ImportPath(home, spec.base_class))
    name = imports.use(implementation)
    values = {"config": config, "base": base, "class_name": name, "imports": imports.groups()}
    return fill("probe.py.j2", values)


def _factory_stub(factory: FactorySpec) -> str:
    imports = Imports()
    return fill(
        "factory.py.j2",
        {
            "name": Code(factory.name),
            "class_name": Code(factory.factory.name),
            "base": imports.use(factory.built_in.factory),
            "base_name": Code(factory.built_in.name),
            "config": imports.use(factory.config),
            "imports": imports.groups(),
        },
    )


def _loss_stub(spec: Definition, path: ImportPath, extended: ImportPath | None) -> str:
    imports = Imports()
    config, batch = imports.use(config_path(spec)), imports.use(spec.batch)
    imports.use(ImportPath("arctic_training.trainer.trainer", "Trainer"))
    if extended:
        imports.use(ImportPath(_OUTPUT, "LossOutput"))
        body = Code(f"    return {imports.use(extended)}(trainer, batch)")
    else:
        body = _loss_body(spec, imports, Code("trainer"), depth=1)
    return fill(
        "loss.py.j2",
        {
            "name": Code(spec.name),
            "uses_torch": extended is None,
            "imports": imports.groups(),
            "function": Code(path.name),
            "config": config,
            "batch": batch,
            "start": _EXTENDED if extended else first_loss(spec.batch).words,
            "body": body,
        },
    )


_EXTENDED: Final = Code("it is that of the trainer which this one extends.")


def _callback_stub(spec: Definition, path: ImportPath) -> str:
    imports = Imports()
    config, batch = imports.use(config_path(spec)), imports.use(spec.batch)
    imports.use(ImportPath("arctic_training.trainer.trainer", "Trainer"))
    values = {"name": Code(spec.name), "function": Code(path.name), "imports": imports.groups()}
    return fill("callback.py.j2", values | {"config": config, "batch": batch})


def _loss_body(spec: Definition, imports: Imports, trainer: Code, *, depth: int) -> Code:
    """Return the statements of a first loss, indented, and import what they need."""
    beginning = first_loss(spec.batch)
    for name in (*beginning.needed, ImportPath(_OUTPUT, "LossOutput")):
        imports.use(name)
    if spec.metrics:
        imports.use(ImportPath(_OUTPUT, "Term"))
    metrics = [
        {"name": literal(name), "total": beginning.metrics.get(name), "empty": _EMPTY[reduction]}
        for name, reduction in spec.metrics.items()
    ]
    values = {"trainer": trainer, "metrics": metrics, "field": _read_field(spec, beginning)}
    text = fill(beginning.template, values)
    return Code(textwrap.indent(text.rstrip(), "    " * depth))


_EMPTY: Final = {"mean": Code("has no value"), "sum": Code("is 0")}


def _read_field(spec: Definition, beginning: FirstLoss) -> Code | None:
    """Return the field that a first loss reads, if the definition has it, as a number."""
    for each in spec.fields:
        if each.name == beginning.field_name and getattr(each.type, "kind", "") == "number":
            return Code(each.name)
    return None


def _implementation_stub(spec: Definition, path: ImportPath) -> str:
    imports = Imports()
    trainer = ImportPath(f"{NAMESPACE}.{spec.package}.trainer", spec.base_class)
    base, batch = imports.use(trainer), imports.use(spec.batch)
    body = None if spec.loss else _loss_body(spec, imports, Code("self"), depth=2)
    return fill(
        "implementation.py.j2",
        {
            "name": Code(spec.name),
            "imports": imports.groups(),
            "class_name": Code(path.name),
            "base": base,
            "batch": batch,
            "doc": docstring(spec.description),
            "body": body,
        },
    )
