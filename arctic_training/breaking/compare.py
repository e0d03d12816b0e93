"""Two sets of definitions, and all that the change from one to the other breaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from arctic_training.breaking.checkpoint_rules import TRAINER_REMOVED
from arctic_training.breaking.rule import Comparison, Contract
from arctic_training.breaking.rules import RULES
from arctic_training.definition.definition import Definition
from arctic_training.definition.rules import Finding, apply_rules
from arctic_training.diagnostics import Diagnostic

__all__ = ["breaks"]


def breaks(
    old: Sequence[Definition], new: Sequence[Definition], contract: Contract
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
            yield TRAINER_REMOVED.diagnostic(_gone(before))
            continue
        for diagnostic, _ in apply_rules(rules, Comparison(before, now)):
            yield diagnostic


def _gone(old: Definition) -> Finding:
    return Finding(
        message=f"there is no trainer `{old.name}` any more",
        span=old.name_key,
        note="its recipes are refused, and its checkpoints are of no use",
    )
