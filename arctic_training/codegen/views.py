"""What templates see: finished pieces of code, and nothing to decide."""

from __future__ import annotations

from dataclasses import dataclass

from arctic_training.codegen.code import Code

__all__ = [
    "AttributeView",
    "CallbacksView",
    "ConfigView",
    "FactoryView",
    "InitView",
    "ModelView",
    "PageView",
    "RowView",
    "SlotView",
    "TrainerView",
    "View",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What every generated file begins with."""

    source: Code
    title: Code
    imports: list[list[Code]]
    exports: list[Code]


@dataclass(frozen=True, slots=True)
class AttributeView:
    """A field of a model."""

    name: Code
    annotation: Code
    default: Code | None
    doc: Code


@dataclass(frozen=True, slots=True)
class ModelView:
    """A pydantic model."""

    name: Code
    base: Code
    doc: Code
    attributes: list[AttributeView]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigView(View):
    """``config.py``: the models, those that others need first."""

    models: list[ModelView]


@dataclass(frozen=True, slots=True)
class FactoryView:
    """A factory and the model of its section."""

    factory: Code
    config: Code


@dataclass(frozen=True, slots=True)
class SlotView:
    """A slot: the classes that it takes, and the method that picks one."""

    key: Code
    types: Code
    maker: Code
    section: Code
    product: Code
    factories: list[FactoryView]
    is_list: bool
    gives: Code


@dataclass(frozen=True, slots=True)
class CallbacksView:
    """What is called at a moment."""

    moment: Code
    functions: list[Code]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerView(View):
    """``trainer.py``: the trainer."""

    class_name: Code
    base: Code
    keywords: Code
    doc: Code
    name: Code
    config_class: Code
    coupling: Code
    metrics: Code
    callbacks_type: Code
    callbacks: list[CallbacksView]
    slots: list[SlotView]
    frozen: list[SlotView]
    loss: Code | None
    batch: Code
    output: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class InitView(View):
    """``__init__.py``: what the package offers, and the module of each."""

    homes: list[tuple[Code, Code]]


@dataclass(frozen=True, slots=True)
class RowView:
    """A line of a table of a page."""

    name: Code
    kind: Code
    default: Code
    doc: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView(View):
    """``README.md``: the reference page of the trainer."""

    name: Code
    description: Code
    fields: list[RowView]
    sections: list[RowView]
    metrics: list[RowView]
    module: Code
    trainer_class: Code
    config_class: Code
    loss: Code
