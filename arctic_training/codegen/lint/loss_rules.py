"""Rules about what a loss returns."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Final

from arctic_training.codegen.lint.outputs import Output, outputs
from arctic_training.codegen.lint.rule import Example, Find, Finding, Rule, Subject
from arctic_training.codegen.lint.sums import Sums
from arctic_training.diagnostics import Related, Severity, Span, nearest
from arctic_training.document import value_span

__all__ = ["LOSS_RULES"]


def _unreturned(subject: Subject) -> Iterator[Finding]:
    for output in _outputs(subject):
        if (terms := output.terms) is None:
            continue
        for metric in subject.spec.metrics.keys() - terms.keys():
            yield Finding(
                message=f"the loss returns no term `{metric}`: the first step of a run ends there",
                span=subject.key(("metrics", metric)),
                related=(Related("returned here", _place(subject, output, output.call)),),
                hint="return it among the `terms`, or take the metric out",
                suggestion=nearest(metric, terms.keys() - subject.spec.metrics.keys()),
            )


def _undeclared(subject: Subject) -> Iterator[Finding]:
    metrics = subject.spec.metrics
    for output in _outputs(subject):
        for term, key in (output.terms or {}).items():
            if term not in metrics:
                yield Finding(
                    message=f"the definition declares no metric `{term}`: the first step of a run "
                    "ends there",
                    span=_place(subject, output, key),
                    hint=f"write `{term}: mean` or `{term}: sum` under `metrics`",
                )


def _sum_that(fails: Callable[[Sums, ast.expr], ast.expr | None], message: str, hint: str) -> Find:
    """Return what finds the sums of losses of which a part is not what it has to be."""

    def find(subject: Subject) -> Iterator[Finding]:
        for output in _outputs(subject):
            total = output.argument("sum", 0)
            if total is not None and (part := fails(Sums(output.function), total)) is not None:
                yield Finding(message=message, span=_place(subject, output, part), hint=hint)

    return find


def _outputs(subject: Subject) -> list[Output]:
    if subject.library is None or (loss := subject.loss) is None:
        return []
    return outputs(loss, subject.library)


def _place(subject: Subject, output: Output, node: ast.expr) -> Span:
    """Return where something stands in the user's code; of ours, where the definition names it."""
    module = output.function.module
    if module.name.partition(".")[0] != "arctic_training":
        return module.span(node)
    return value_span(subject.spec.document, ("loss",))


def _loss(total: str, terms: str, *, end: str = "") -> str:
    return f"""\
def mine_loss(trainer: Trainer[MineTrainerConfig, SFTBatch], batch: SFTBatch) -> LossOutput:
    logits, labels = next_token_logits(trainer, batch)
    count = (labels != IGNORED).sum()
    total = F.cross_entropy(logits.float(), labels, ignore_index=IGNORED{total})
    return LossOutput(sum=total{end}, count=count{terms})
"""


_SUM: Final = ', reduction="sum"'
_TERM: Final = ', terms={"entropy": Term(sum=total, count=count)}'

LOSS_RULES: Final = (
    Rule(
        name="unreturned-metric",
        severity=Severity.ERROR,
        summary="A metric that is declared is returned by the loss.",
        reason="The runtime refuses a loss that returns other terms than are declared: at the "
        "first step, after the model is loaded.",
        bad=Example("metrics: {entropy: mean}\n", _loss(_SUM, "")),
        good=Example("metrics: {entropy: mean}\n", _loss(_SUM, _TERM)),
        find=_unreturned,
    ),
    Rule(
        name="undeclared-term",
        severity=Severity.ERROR,
        summary="A term that the loss returns is declared as a metric.",
        reason="The runtime does not know how to reduce it, and ends the run at the first step.",
        bad=Example("", _loss(_SUM, _TERM)),
        good=Example("metrics: {entropy: mean}\n", _loss(_SUM, _TERM)),
        find=_undeclared,
    ),
    Rule(
        name="mean-as-sum",
        severity=Severity.ERROR,
        summary="The sum that a loss returns is no mean.",
        reason="Divided twice, a step depends on how the batch is cut into micro-batches and "
        "processes, and short answers weigh more. `torch.nn.functional` divides unless it is told "
        '`reduction="sum"`.',
        bad=Example("", _loss("", "")),
        good=Example("", _loss(_SUM, "")),
        find=_sum_that(
            Sums.mean,
            "this is a mean, and the `sum` of a loss is not to be divided",
            "return the sum and, as `count`, what it is taken over; the runtime divides once, by "
            "the count of the whole batch",
        ),
    ),
    Rule(
        name="detached-loss",
        severity=Severity.ERROR,
        summary="The sum that a loss returns has a gradient.",
        reason="`detach`, `item` and `no_grad` cut it off from the model: the first step of a run "
        "ends there, after the model is loaded.",
        bad=Example("", _loss(_SUM, "", end=".detach()")),
        good=Example("", _loss(_SUM, "")),
        find=_sum_that(
            Sums.cut,
            "this has no gradient, and the `sum` of a loss is what is trained",
            "return the sum as it is computed; a term may be cut off, as it is reported and not "
            "trained",
        ),
    ),
)
"""The rules about losses."""
