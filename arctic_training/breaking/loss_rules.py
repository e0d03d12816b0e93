"""Rules about the loss: what it gets, what it returns, and what it may mix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from arctic_training.breaking.rule import BreakingRule, Contract, broken, rule
from arctic_training.definition.definition import Definition
from arctic_training.definition.rules import Finding

__all__ = ["LOSS_RULES"]


_COUPLINGS: Final = ("sample", "micro_batch", "global_batch")
"""What a loss may mix, the least first."""


def _batch(old: Definition, new: Definition) -> Iterator[Finding]:
    if old.batch != new.batch:
        message = f"the loss gets a `{new.batch.name}`, and got a `{old.batch.name}`"
        yield broken(message=message, new=new.slots[0].place.key, old=old.slots[0].place.key)


def _loss(old: Definition, new: Definition) -> Iterator[Finding]:
    if old.loss and not new.loss:
        yield broken(
            message="the generated class has no loss",
            new=new.key_of("loss"),
            old=old.key_of("loss"),
        )


def _metric_added(old: Definition, new: Definition) -> Iterator[Finding]:
    for name in new.metrics.keys() - old.metrics.keys():
        yield broken(message=f"the loss has to return the term `{name}`", new=new.metric_key(name))


def _metric_removed(old: Definition, new: Definition) -> Iterator[Finding]:
    for name in old.metrics.keys() - new.metrics.keys():
        yield broken(
            message=f"the loss may not return the term `{name}`",
            new=new.metric_key(name),
            old=old.metric_key(name),
        )


def _reduction(old: Definition, new: Definition) -> Iterator[Finding]:
    for name in old.metrics.keys() & new.metrics.keys():
        before, now = old.metrics[name], new.metrics[name]
        if before != now:
            message = f"`{name}` is reduced to its {now}, and was to its {before}"
            yield broken(message=message, new=new.metric_key(name), old=old.metric_key(name))


def _coupling(old: Definition, new: Definition) -> Iterator[Finding]:
    if _COUPLINGS.index(new.coupling) > _COUPLINGS.index(old.coupling):
        message = f"a step holds only for the same {new.coupling}, and did for each {old.coupling}"
        yield broken(message=message, new=new.key_of("coupling"), old=old.key_of("coupling"))


LOSS_RULES: Final[tuple[BreakingRule, ...]] = (
    rule(
        Contract.PYTHON,
        "batch-changed",
        "The loss gets another batch.",
        _batch,
        "data_factory_type: sft\n",
        "data_factory_type: dpo\n",
        "data_factory_type: [sft, causal]\n",
    ),
    rule(
        Contract.PYTHON,
        "loss-removed",
        "The generated class has no loss any more, which code derived from it may call.",
        _loss,
        "implementation: mine_loss:MyTrainer\n",
        "implementation: mine_loss:MyTrainer\nloss: null\n",
        "implementation: mine_loss:MyTrainer\nloss: mine_loss:other_loss\n",
    ),
    rule(
        Contract.PYTHON,
        "metric-added",
        "The loss has to return one more term.",
        _metric_added,
        "metrics: {a: mean}\n",
        "metrics: {a: mean, b: mean}\n",
        "metrics: {a: sum}\n",
    ),
    rule(
        Contract.PYTHON,
        "metric-removed",
        "The loss returns a term that is not declared any more.",
        _metric_removed,
        "metrics: {a: mean, b: mean}\n",
        "metrics: {a: mean}\n",
        "metrics: {b: mean, a: mean}\n",
    ),
    rule(
        Contract.PYTHON,
        "metric-reduction-changed",
        "A term that is reported means something else.",
        _reduction,
        "metrics: {a: mean}\n",
        "metrics: {a: sum}\n",
        "metrics: {a: mean, b: mean}\n",
    ),
    rule(
        Contract.PYTHON,
        "coupling-widened",
        "A step depends on how the batch is cut in a way that it did not.",
        _coupling,
        "coupling: micro_batch\n",
        "coupling: global_batch\n",
        "coupling: sample\n",
    ),
)
"""The rules of the contract of code that are about the loss."""
