"""Two sets of definitions, and all that the change from one to the other breaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from arctic_training.breaking.checkpoint_rules import TRAINER_REMOVED
from arctic_training.breaking.rule import Break, Contract, Rule
from arctic_training.breaking.rules import RULES
from arctic_training.definition.specification import TrainerSpec
from arctic_training.diagnostics import Diagnostic, Related

__all__ = ["breaks"]


def breaks(
    old: Sequence[TrainerSpec], new: Sequence[TrainerSpec], contract: Contract
) -> Iterator[Diagnostic]:
    """Iterate over what is broken of a contract, or of those within it.

    A trainer is the same by its name, else by the file of its definition.
    """
    rules = [rule for rule in RULES.values() if rule.contract in contract.contains]
    by_name = {spec.name: spec for spec in new}
    by_file = {spec.source: spec for spec in new if spec.name not in {o.name for o in old}}
    for before in old:
        now = by_name.get(before.name) or by_file.get(before.source)
        if now is None:
            yield _gone(before)
            continue
        for rule in rules:
            for found in rule.find(before, now):
                yield _diagnostic(rule, found)


def _gone(old: TrainerSpec) -> Diagnostic:
    return Diagnostic(
        code=TRAINER_REMOVED.name,
        page="breaking",
        message=f"there is no trainer `{old.name}` any more",
        span=old.name_key,
        help="its recipes are refused, and its checkpoints are of no use",
    )


def _diagnostic(rule: Rule, found: Break) -> Diagnostic:
    return Diagnostic(
        code=rule.name,
        page="breaking",
        message=found.message,
        span=found.new,
        related=(Related("as it was", found.old),) if found.old else (),
        help=f"breaks {_BROKEN[rule.contract]}",
    )


_BROKEN = {
    Contract.PYTHON: "code that uses the trainer",
    Contract.RECIPE: "recipes, and code that uses the trainer",
    Contract.CHECKPOINT: "checkpoints, recipes, and code that uses the trainer",
}
