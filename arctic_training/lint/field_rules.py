"""Rules about the config fields of a definition."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from arctic_training.definition.fields.types import (
    ChoiceType,
    FieldSpec,
    FieldType,
    Missing,
    NullableType,
    ScalarKind,
    ScalarType,
)
from arctic_training.definition.names import recipe_keys
from arctic_training.definition.rules import Finding
from arctic_training.diagnostics import Related, Severity, nearest
from arctic_training.lint.rule import Example, Find, LintRule, LintSubject
from arctic_training.validation.shipped_schemas import schema

__all__ = ["FIELD_RULES"]

_SHARES: Final = re.compile(r"(^|_)(ratio|fraction|share|probability|prob|dropout|smoothing)(_|$)")
_COUNTS: Final = re.compile(
    r"^(num|max|min)_|_(steps|size|count|length|tokens|samples|layers|interval)$"
)
_ALMOST: Final = 0.9
"""Similarity of two keys that are easily confused."""


def _undescribed(subject: LintSubject) -> Iterator[Finding]:
    if "description" not in subject.spec.places:
        message = f"the trainer `{subject.spec.name}` has no description"
        yield Finding(message=message, span=subject.spec.name_key, help="say what it does")
    for field in subject.fields():
        if not field.description and not _is_constant(field):
            message = f"the field `{field.name}` has no description"
            yield Finding(message=message, span=field.key)


def _is_constant(field: FieldSpec) -> bool:
    return isinstance(field.type, ChoiceType) and len(field.type.options) == 1


def _each(complaint: Callable[[FieldSpec], str], hint: str) -> Find:
    """Return what finds the fields that there is a complaint about."""

    def find(subject: LintSubject) -> Iterator[Finding]:
        for field in subject.fields():
            if message := complaint(field):
                yield Finding(message=message, span=field.key, help=hint)

    return find


def _unlimited_share(field: FieldSpec) -> str:
    limits = _limits(field.type, "number")
    if limits is None or not _SHARES.search(field.name):
        return ""
    if _has(limits, "minimum") and _has(limits, "maximum"):
        return ""
    return f"`{field.name}` is a share, and takes more than 0 to 1"


def _unlimited_count(field: FieldSpec) -> str:
    limits = _limits(field.type, "integer")
    if limits is None or not _COUNTS.search(field.name) or _has(limits, "minimum"):
        return ""
    return f"`{field.name}` is a count, and takes numbers below 0"


def _nullable_without_default(field: FieldSpec) -> str:
    if isinstance(field.type, NullableType) and isinstance(field.default, Missing):
        return f"`{field.name}` may be null, and yet every recipe has to say so"
    return ""


def _limits(kind: FieldType, wanted: ScalarKind) -> set[str] | None:
    """Return the limits that a number has, in lower case; None for any other value."""
    if isinstance(kind, NullableType):
        return _limits(kind.inner, wanted)
    if not isinstance(kind, ScalarType) or kind.kind != wanted:
        return None
    return {name.lower() for name, _ in kind.limits}


def _has(limits: set[str], end: str) -> bool:
    return not limits.isdisjoint({end, f"exclusive{end}"})


def _confusable(subject: LintSubject) -> Iterator[Finding]:
    sections = dict(_keys_of_sections(subject))
    known = recipe_keys() - {field.name for field in subject.spec.fields}
    for field in subject.spec.fields:
        if not subject.is_own(field.key):
            continue
        message = ""
        if field.name in sections:
            other = f"{sections[field.name]}.{field.name}"
            message = f"every recipe has `{other}` as well: which one is meant is easily mistaken"
        elif meant := nearest(field.name, _as_long(field.name, known), cutoff=_ALMOST):
            message = f"`{field.name}` is easily confused with `{meant}`, which every recipe has"
        if message:
            yield Finding(message=message, span=field.key)


def _as_long(name: str, known: Iterable[str]) -> list[str]:
    """Return the words that are about as long as a name; others are not so alike."""
    letters = len(name.replace("_", ""))
    most = letters * (1 - _ALMOST) + 1
    return [word for word in known if abs(len(word.replace("_", "")) - letters) <= most]


def _keys_of_sections(subject: LintSubject) -> Iterator[tuple[str, str]]:
    """Iterate over the keys that the trainer's sections can have, each with its section."""
    definitions = schema("sections.schema.json").root["definitions"]
    assert isinstance(definitions, dict)
    for slot in subject.spec.slots:
        for factory in slot.factories:
            match definitions.get(factory.config.name):
                case {"properties": dict(properties)}:
                    yield from ((key, slot.slot.section) for key in properties.keys() - {"type"})
                case _:
                    pass


def _unread(subject: LintSubject) -> Iterator[Finding]:
    if subject.reader is None:
        return
    for declared in subject.reader.shape.unread():
        place = declared.key
        if subject.is_own(place):
            yield Finding(message=_unread_message(declared.name), span=place, help=_READ_IT)
        elif declared.owner == subject.spec.config_class:
            yield Finding(
                message=_unread_message(declared.name),
                span=subject.spec.name_key,
                related=(Related("declared here", place),),
                help=f"read it, or take it out: `{declared.name}: null` among the `properties`",
            )


def _unread_message(name: str) -> str:
    return f"field `{name}` is never read; setting it has no effect"


_READ_IT: Final = "read it in the loss or in the implementation, or take it out"


def _fields(*lines: str) -> str:
    return "config_type:\n  properties:\n" + "".join(f"    {line}\n" for line in lines)


_LOSS: Final = """\
def mine_loss(trainer: Trainer[MineTrainerConfig, SFTBatch], batch: SFTBatch) -> LossOutput:
    output = next_token_loss(trainer, batch)
    return LossOutput(sum=output.sum{factor}, count=output.count)
"""
_WEIGHT: Final = _fields("weight: {type: number, default: 1, description: Weight of the loss.}")

FIELD_RULES: Final = (
    LintRule(
        name="unread-field",
        severity=Severity.ERROR,
        summary="A field that is declared is read.",
        reason="A recipe that sets it trains as if it did not. Readers are the loss, the "
        "implementation, callbacks, and what these call in modules of the project; what is handed "
        "to other code as a whole counts as read.",
        bad=Example(_WEIGHT, _LOSS.format(factor="")),
        good=Example(_WEIGHT, _LOSS.format(factor=" * trainer.config.weight")),
        find=_unread,
    ),
    LintRule(
        name="missing-description",
        summary="A trainer and its fields have descriptions.",
        reason="They become the docstrings of the generated classes, the text that an editor shows "
        "over a recipe, and the trainer's page.",
        bad=Example(_fields("margin: {type: number, default: 1}")),
        good=Example(
            _fields("margin: {type: number, default: 1, description: Least gap of two rewards.}")
        ),
        find=_undescribed,
    ),
    LintRule(
        name="share-without-range",
        summary="A share, a ratio or a probability has a range.",
        reason="Written as 10 where 10% was meant, it trains for hours before anybody looks.",
        bad=Example(_fields("label_smoothing: {type: number, default: 0, description: Noise.}")),
        good=Example(
            _fields(
                "label_smoothing:",
                "  {type: number, minimum: 0, maximum: 1, default: 0, description: Noise.}",
            )
        ),
        find=_each(_unlimited_share, "give it a `minimum` and a `maximum`, or exclusive ones"),
    ),
    LintRule(
        name="count-without-minimum",
        summary="A count, a size or a length has a least value.",
        reason="-1 is a count to a schema, and everywhere else it is a mistake or has a meaning "
        "of its own.",
        bad=Example(_fields("num_rollouts: {type: integer, default: 4, description: Answers.}")),
        good=Example(
            _fields("num_rollouts: {type: integer, minimum: 1, default: 4, description: Answers.}")
        ),
        find=_each(_unlimited_count, "give it a `minimum`"),
    ),
    LintRule(
        name="nullable-without-default",
        summary="A field that takes null has a default.",
        reason="Null says that there is no value, which a recipe says by leaving the field out.",
        bad=Example(_fields("margin: {type: [number, 'null'], description: Gap; null for none.}")),
        good=Example(
            _fields(
                "margin: {type: [number, 'null'], default: null, description: Gap; null for none.}"
            )
        ),
        find=_each(_nullable_without_default, "`default: null` lets a recipe leave it out"),
    ),
    LintRule(
        name="confusable-name",
        summary="A field is not called like a key that recipes have elsewhere.",
        reason="`learning_rate` beside `optimizer.learning_rate`, or `epoch` beside `epochs`, is "
        "set in place of the other, and both are right to the schema.",
        bad=Example(_fields("weight_decay: {type: number, default: 0, description: Pull to 0.}")),
        good=Example(
            _fields("reference_pull: {type: number, default: 0, description: Pull to 0.}")
        ),
        find=_confusable,
    ),
)
"""The rules about fields."""
