"""Rules about what a loss returns."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from arctic_training.codegen.lint.modules import Definition, dotted
from arctic_training.codegen.lint.outputs import Output, argument, assigned, outputs
from arctic_training.codegen.lint.rule import Example, Finding, Rule, Subject
from arctic_training.diagnostics import Related, Severity, Span, nearest
from arctic_training.document import value_span

__all__ = ["LOSS_RULES"]

_REDUCED: Final = frozenset(
    """
    binary_cross_entropy binary_cross_entropy_with_logits cosine_embedding_loss cross_entropy
    gaussian_nll_loss hinge_embedding_loss huber_loss kl_div l1_loss margin_ranking_loss mse_loss
    nll_loss poisson_nll_loss smooth_l1_loss soft_margin_loss triplet_margin_loss
    """.split()
)
"""Functions of `torch.nn.functional` that return a mean unless they are told otherwise."""


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


def _means(subject: Subject) -> Iterator[Finding]:
    for output in _outputs(subject):
        total = output.argument("sum", 0)
        if total is not None and (mean := _mean(total, output.function)) is not None:
            yield Finding(
                message="this is a mean, and the `sum` of a loss is not to be divided",
                span=_place(subject, output, mean),
                hint="return the sum and, as `count`, what it is taken over; the runtime divides "
                "once, by the count of the whole batch",
            )


def _outputs(subject: Subject) -> list[Output]:
    return (outputs(subject.reader) if subject.reader else None) or []


def _place(subject: Subject, output: Output, node: ast.expr) -> Span:
    """Return where something stands in the user's code; of ours, where the definition names it."""
    module = output.function.module
    if module.name.partition(".")[0] != "arctic_training":
        return module.span(node)
    return value_span(subject.spec.document, ("loss",))


def _mean(node: ast.expr, function: Definition) -> ast.expr | None:
    """Return the part of a sum that is a mean."""
    match node:
        case ast.Name(id=name):
            value = assigned(function, name)
            return None if value is None else _mean(value, function)
        case ast.UnaryOp(operand=inner):
            return _mean(inner, function)
        case ast.BinOp(left=first, op=ast.Add() | ast.Sub(), right=second):
            return _mean(first, function) or _mean(second, function)
        case ast.BinOp(left=ast.Call(func=ast.Attribute(attr="sum")), op=ast.Div()):
            return node
        case ast.Call(func=ast.Attribute(attr="mean" | "nanmean")):
            return node
        case ast.Call(func=called) if dotted(called)[-1:] and dotted(called)[-1] in _REDUCED:
            reduction = argument(node, "reduction", len(node.args))
            is_mean = reduction is None or getattr(reduction, "value", "") in _MEANS
            return node if is_mean else None
        case _:
            return None


_MEANS: Final = ("mean", "batchmean")


def _loss(total: str, terms: str) -> str:
    return f"""\
def mine_loss(trainer: Trainer[MineTrainerConfig, SFTBatch], batch: SFTBatch) -> LossOutput:
    logits, labels = next_token_logits(trainer, batch)
    count = (labels != IGNORED).sum()
    total = F.cross_entropy(logits.float(), labels, ignore_index=IGNORED{total})
    return LossOutput(sum=total, count=count{terms})
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
        find=_means,
    ),
)
"""The rules about losses."""
