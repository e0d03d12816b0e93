# ruff: noqa: E501 - a mistake is one line
"""Definitions with seeded mistakes, each with the code and the line of its finding.

A mistake replaces one line of a definition that is right, and is to be found on that line.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["BASE", "KINDS", "MISTAKES", "Mistake", "Seeded", "seeded"]

BASE: Final = """\
schema_version: 1
name: mine
description: A trainer.
extends: sft
coupling: sample
config_type:
  name: MineTrainerConfig
  properties:
    alpha: {type: number, minimum: 0, default: 0.5}
    beta: {type: integer, default: 1}
    gamma: {type: string, default: a}
    delta: {enum: [fast, exact], default: fast}
    betas: {type: array, items: {type: number}, default: [0.9, 0.99]}
    shape: {type: object, properties: {low: {type: number, default: 0}}}
    either: {anyOf: [{type: number}, {enum: [auto]}], default: auto}
    kind: {oneOf: [{type: object, properties: {t: {const: a}}}, {type: object, properties: {t: {const: b}}}]}
    shared: {$ref: '#/definitions/range'}
    renamed: {type: integer, default: 1, renamed_from: [was]}
    ref_model: {factory: model}
data_factory_type: sft
model_factory_type: [huggingface, random_llama]
checkpoint_engine_type: [deepspeed, huggingface]
optimizer_factory_type: {name: own, class: 'mine_parts:Own', extends: fused_adam, config_type: {properties: {rate: {type: number, default: 1}}}}
scheduler_factory_type: huggingface
tokenizer_factory_type: [huggingface, byte_level_bpe]
loss: mine_loss:mine_loss
metrics:
  accuracy: mean
  margin: sum
callbacks:
  post-step: mine_callbacks:log_step
  pre-train: [mine_callbacks:begin]
definitions:
  range: {type: number, minimum: 0, maximum: 1, default: 0.5}
  size: {type: integer, default: 4}
"""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A line that replaces the one which begins with ``at``, and the code of its finding."""

    kind: str
    at: str
    line: str
    code: str


def _field(name: str, schema: str, code: str) -> Mistake:
    return Mistake("field", f"    {name}:", f"    {name}: {{{schema}}}", code)


def _slot(key: str, value: str, code: str) -> Mistake:
    return Mistake("slot", f"{key}:", f"{key}: {value}", code)


MISTAKES: Final[tuple[Mistake, ...]] = (
    # fields
    _field("alpha", "type: number, minimun: 0, default: 0.5", "unknown-key"),
    _field("alpha", "type: numbr, default: 0.5", "not-allowed"),
    _field("alpha", "type: number, minimum: zero, default: 0.5", "wrong-type"),
    _field("alpha", "type: number, minimum: 2, maximum: 1", "out-of-range"),
    _field("alpha", "type: number, minimum: 0, default: -1", "out-of-range"),
    _field("alpha", "type: number, default: text", "wrong-type"),
    _field("beta", "type: integer, minimum: 0.5, default: 1", "wrong-type"),
    _field("beta", "default: 1", "missing-key"),
    _field("beta", "type: integer, pattern: a, default: 1", "no-effect"),
    _field("beta", "type: number, multipleOf: 2, default: 2", "not-supported"),
    _field("gamma", "type: string, pattern: '(', default: a", "malformed"),
    _field("gamma", "type: string, pattern: '\\ba', default: a", "not-supported"),
    _field("gamma", "type: string, format: path, default: a", "not-supported"),
    _field("gamma", "type: string, minLength: 3, maxLength: 2", "out-of-range"),
    _field("delta", "enum: [], default: fast", "out-of-range"),
    _field("delta", "enum: [fast, exact], default: fats", "not-allowed"),
    _field("delta", "enum: [null]", "invalid-value"),
    _field("betas", "type: array, default: []", "missing-key"),
    _field("betas", "type: array, items: {type: number, default: 1}", "no-effect"),
    _field("betas", "type: array, items: {type: numbr}", "not-allowed"),
    _field("betas", "type: array, items: [{type: number}]", "missing-key"),
    _field("betas", "type: array, items: {type: array, items: {type: number}}, uniqueItems: true", "not-supported"),
    _field("betas", "type: array, items: {type: number}, default: [a]", "wrong-type"),
    _field("shape", "type: object", "missing-key"),
    _field("shape", "type: object, properties: {low: {type: nmber}}", "not-allowed"),
    _field("shape", "type: object, properties: {copy: {type: number}}", "reserved-name"),
    _field("shape", "type: object, properties: {low: {type: number}}, default: {high: 1}", "unknown-key"),
    _field("either", "anyOf: [{type: number}], default: 1", "out-of-range"),
    _field("either", "anyOf: [{type: object, properties: {a: {type: number}}}, {type: object, properties: {b: {type: number}}}]", "not-supported"),
    _field("either", "anyOf: [{type: string}, {type: string, format: path}]", "not-supported"),
    _field("kind", "oneOf: [{type: object, properties: {t: {const: a}}}, {type: number}]", "ambiguous-union"),
    _field("kind", "oneOf: [{type: object, properties: {t: {const: a}}}, {type: object, properties: {t: {const: a}}}]", "ambiguous-union"),
    _field("renamed", "type: integer, default: 1, renamed_from: [model]", "reserved-name"),
    _field("renamed", "type: integer, default: 1, renamed_from: [renamed]", "name-taken"),
    _field("renamed", "const: 1, renamed_from: [was]", "not-supported"),
    _field("ref_model", "factory: data", "not-supported"),
    _field("ref_model", "factory: model, items: 1", "unknown-key"),
    Mistake("field", "  properties:", "  config:", "unknown-key"),
    # slots
    _slot("data_factory_type", "stf", "unknown-factory"),
    _slot("data_factory_type", "[sft, dpo]", "conflict"),
    _slot("data_factory_type", "3", "wrong-type"),
    _slot("data_factory_type", "[]", "out-of-range"),
    _slot("model_factory_type", "[huggingface, random_lama]", "unknown-factory"),
    _slot("checkpoint_engine_type", "[deepspeed, deepsped]", "unknown-factory"),
    _slot("optimizer_factory_type", "{name: own, class: 'mine_parts:Own'}", "missing-key"),
    _slot("optimizer_factory_type", "{name: own, class: mine_parts, extends: fused_adam}", "malformed"),
    _slot("optimizer_factory_type", "{name: own, class: 'mine_parts:Own', extends: adam}", "unknown-factory"),
    _slot("optimizer_factory_type", "{name: fused_adam, class: 'mine_parts:Own', extends: fused_adam}", "name-taken"),
    _slot("optimizer_factory_type", "{name: own, class: 'json:Own', extends: fused_adam}", "not-importable"),
    _slot("optimizer_factory_type", "{name: own, class: 'mine_parts:Own', extends: fused_adam, config_type: {properties: {eps: {type: number}}}}", "reserved-name"),
    _slot("optimizer_factory_type", "{name: own, class: 'mine_parts:Own', extends: fused_adam, config_type: {properties: {rate: {type: nmber}}}}", "not-allowed"),
    _slot("scheduler_factory_type", "cosine", "unknown-factory"),
    _slot("tokenizer_factory_type", "[huggingface, huggingface]", "duplicate-item"),
    # names
    Mistake("name", "name:", "name: My Trainer", "malformed"),
    Mistake("name", "name:", "name: class", "reserved-name"),
    Mistake("name", "name:", "name: sft", "name-taken"),
    Mistake("name", "  name:", "  name: Mine", "malformed"),
    Mistake("name", "  name:", "  name: LossOutputTrainerConfi", "malformed"),
    Mistake("name", "description:", "description: [a]", "wrong-type"),
    Mistake("name", "coupling:", "coupling: token", "not-allowed"),
    Mistake("name", "coupling:", "couplng: sample", "unknown-key"),
    Mistake("name", "    beta:", "    epochs: {type: integer, default: 1}", "reserved-name"),
    Mistake("name", "    beta:", "    Beta: {type: integer, default: 1}", "malformed"),
    Mistake("name", "    beta:", "    class: {type: integer, default: 1}", "reserved-name"),
    # extends: a base that is missing
    Mistake("extends", "extends:", "extends: stf", "unknown-trainer"),
    Mistake("extends", "extends:", "extends: ./no.yaml", "unknown-definition"),
    Mistake("extends", "extends:", "extends: ../../out.yaml", "not-supported"),
    Mistake("extends", "extends:", "extends: 3", "wrong-type"),
    # references
    Mistake("$ref", "    shared:", "    shared: {$ref: '#/definitions/rnge'}", "unknown-definition"),
    Mistake("$ref", "    shared:", "    shared: {$ref: 'no.yaml#/definitions/range'}", "unknown-definition"),
    Mistake("$ref", "    shared:", "    shared: {$ref: 'range'}", "not-supported"),
    Mistake("$ref", "    shared:", "    shared: {$ref: '#/definitions/range', minimum: 1}", "no-effect"),
    Mistake("$ref", "    shared:", "    shared: {$ref: '#/definitions/range', default: 2}", "out-of-range"),
    Mistake("$ref", "  size:", "  size: {type: array, items: {$ref: '#/definitions/size'}}", "cycle"),
    Mistake("$ref", "  size:", "  size: {type: integr}", "not-allowed"),
    Mistake("$ref", "  size:", "  size: {type: integer, default: a}", "wrong-type"),
    Mistake("$ref", "  size:", "  size: {type: integer, default: 1, renamed_from: [s]}", "no-effect"),
    # loss
    Mistake("loss", "loss:", "loss: ./mine_loss.py", "malformed"),
    Mistake("loss", "loss:", "loss: mine_loss", "malformed"),
    Mistake("loss", "loss:", "loss: mine_loss.py:mine_loss", "not-importable"),
    Mistake("loss", "loss:", "loss: there:missing", "not-importable"),
    Mistake("loss", "loss:", "loss: json.nothing:loss", "not-importable"),
    Mistake("loss", "loss:", "loss: arctic_trainers.x:loss", "not-importable"),
    Mistake("loss", "loss:", "loss: mine.if:loss", "reserved-name"),
    Mistake("loss", "loss:", "loss: mine_loss:LossOutput", "name-taken"),
    Mistake("loss", "loss:", "los: mine_loss:mine_loss", "unknown-key"),
    # metrics
    Mistake("metrics", "  accuracy:", "  accuracy: median", "not-allowed"),
    Mistake("metrics", "  accuracy:", "  loss: mean", "reserved-name"),
    Mistake("metrics", "  accuracy:", "  Accuracy: mean", "malformed"),
    Mistake("metrics", "  margin:", "  margin: 1", "not-allowed"),
    Mistake("metrics", "  margin:", "  tokens: sum", "reserved-name"),
    # callbacks
    Mistake("callbacks", "  post-step:", "  post-stp: mine_callbacks:log_step", "unknown-key"),
    Mistake("callbacks", "  post-step:", "  post-step: log_step", "malformed"),
    Mistake("callbacks", "  post-step:", "  post-step: there:missing", "not-importable"),
    Mistake("callbacks", "  post-step:", "  post-step: []", "out-of-range"),
    Mistake("callbacks", "  pre-train:", "  pre-train: [mine_callbacks.py:begin]", "not-importable"),
    Mistake("callbacks", "  pre-train:", "  pre-train: [mine_callbacks:begin, 3]", "wrong-type"),
)  # fmt: skip

KINDS: Final = tuple(dict.fromkeys(mistake.kind for mistake in MISTAKES))


@dataclass(frozen=True, slots=True)
class Seeded:
    """A definition, and its mistakes by their lines, counted from 1."""

    text: str
    mistakes: Mapping[int, Mistake]


def seeded(chance: random.Random, most: int = 10) -> Seeded:
    """Return a definition with 1 to ``most`` mistakes, no two of them on one line."""
    lines = BASE.splitlines()
    mistakes: dict[int, Mistake] = {}
    for _ in range(chance.randint(1, most)):
        kind = chance.choice(KINDS)
        mistake = chance.choice([each for each in MISTAKES if each.kind == kind])
        number = next(n for n, line in enumerate(lines, 1) if line.startswith(mistake.at))
        mistakes.setdefault(number, mistake)
    for number, mistake in mistakes.items():
        lines[number - 1] = mistake.line
    return Seeded("\n".join(lines) + "\n", mistakes)
