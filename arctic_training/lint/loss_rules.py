"""Rules about what a loss returns."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Final

from arctic_training.definition.rules import Finding
from arctic_training.diagnostics import Related, Severity, Span, nearest
from arctic_training.lint.outputs import Output, argument, outputs
from arctic_training.lint.rule import Example, Find, LintRule, LintSubject
from arctic_training.lint.sums import Sums

__all__ = ["LOSS_RULES"]


def _unreturned(subject: LintSubject) -> Iterator[Finding]:
    for output in _outputs(subject):
        if (terms := output.terms) is None:
            continue
        for metric in subject.spec.metrics.keys() - terms.keys():
            yield Finding(
                message=f"the loss returns no term `{metric}`: the first step of a run ends there",
                span=subject.spec.metric_key(metric),
                related=(Related("returned here", _place(subject, output, output.call)),),
                help="return it among the `terms`, or take the metric out",
                suggestion=nearest(metric, terms.keys() - subject.spec.metrics.keys()),
            )


def _undeclared(subject: LintSubject) -> Iterator[Finding]:
    metrics = subject.spec.metrics
    for output in _outputs(subject):
        for term, key in (output.terms or {}).items():
            if term not in metrics:
                yield Finding(
                    message=f"the definition declares no metric `{term}`: the first step of a run "
                    "ends there",
                    span=_place(subject, output, key),
                    help=f"write `{term}: mean` or `{term}: sum` under `metrics`",
                )


def _renamed_loss(subject: LintSubject) -> Iterator[Finding]:
    for output in _outputs(subject):
        loss = [_bare(output, output.argument(*each)) for each in _QUOTIENT]
        for term, made in output.written_terms:
            if None not in loss and loss == [
                _bare(output, argument(made, *each)) for each in _QUOTIENT
            ]:
                yield Finding(
                    message=f"the term `{term}` is the loss: it has the same sum and count",
                    span=_place(subject, output, made),
                    help="every step reports the loss already: return what the name says, or take "
                    "the metric out of the definition",
                )


def _bare(output: Output, node: ast.expr | None) -> str | None:
    """Return what an expression computes, without what changes neither its value nor its sign."""
    match node:
        case ast.Name(id=name) if (value := output.meant(node)) is not None:
            return _bare(output, value) if not _names(value, name) else ast.dump(node)
        case ast.Call(func=ast.Attribute(value=inner, attr=name), args=[]) if name in _SAME_VALUE:
            return _bare(output, inner)
        case ast.Call(func=ast.Name(id="float" | "int"), args=[inner]):
            return _bare(output, inner)
        case None:
            return None
        case _:
            return ast.dump(node)


def _names(node: ast.expr, name: str) -> bool:
    return any(isinstance(each, ast.Name) and each.id == name for each in ast.walk(node))


_QUOTIENT: Final = (("sum", 0), ("count", 1))
_SAME_VALUE: Final = frozenset("clone contiguous cpu cuda detach double float item".split())
"""Methods that return the same number."""


def _sum_that(fails: Callable[[Sums, ast.expr], ast.expr | None], message: str, hint: str) -> Find:
    """Return what finds the sums of losses of which a part is not what it has to be."""

    def find(subject: LintSubject) -> Iterator[Finding]:
        for output in _outputs(subject):
            total = output.argument("sum", 0)
            if total is not None and (part := fails(Sums(output.function), total)) is not None:
                yield Finding(message=message, span=_place(subject, output, part), help=hint)

    return find


def _outputs(subject: LintSubject) -> list[Output]:
    if subject.library is None or (loss := subject.loss) is None:
        return []
    return outputs(loss, subject.library)


def _place(subject: LintSubject, output: Output, node: ast.expr) -> Span:
    """Return the place of something in the user's code, else where the definition names it."""
    module = output.function.module
    if module.name.partition(".")[0] != "arctic_training":
        return module.span(node)
    return subject.spec.span_of("loss")


def _loss(total: str, terms: str = "", *, end: str = "") -> str:
    """Return a loss; ``terms`` has the lines before its last, and the last argument of that."""
    before, line, last = terms.rpartition("\n")
    before += line
    return f"""\
def mine_loss(trainer: Trainer[MineTrainerConfig, SFTBatch], batch: SFTBatch) -> LossOutput:
    logits, labels = next_token_logits(trainer, batch)
    count = (labels != IGNORE_INDEX).sum()
    total = F.cross_entropy(logits.float(), labels, ignore_index=IGNORE_INDEX{total})
{before}    return LossOutput(sum=total{end}, count=count{last})
"""


_SUM: Final = ', reduction="sum"'
_ENTROPY: Final = """\
    entropy = -(logits.softmax(-1) * logits.log_softmax(-1)).sum()
, terms={"entropy": Term(sum=entropy, count=count)}"""
_LOSS_AGAIN: Final = ', terms={"accuracy": Term(sum=total, count=count)}'
_ACCURACY: Final = """\
    correct = (logits.argmax(-1) == labels).sum()
, terms={"accuracy": Term(sum=correct, count=count)}"""

LOSS_RULES: Final = (
    LintRule(
        name="unreturned-metric",
        severity=Severity.ERROR,
        summary="A metric that is declared is returned by the loss.",
        reason="The runtime refuses a loss that returns other terms than are declared: at the "
        "first step, after the model is loaded.",
        bad=Example("metrics: {entropy: mean}\n", _loss(_SUM)),
        good=Example("metrics: {entropy: mean}\n", _loss(_SUM, _ENTROPY)),
        find=_unreturned,
    ),
    LintRule(
        name="undeclared-term",
        severity=Severity.ERROR,
        summary="A term that the loss returns is declared as a metric.",
        reason="The runtime does not know how to reduce it, and ends the run at the first step.",
        bad=Example("", _loss(_SUM, _ENTROPY)),
        good=Example("metrics: {entropy: mean}\n", _loss(_SUM, _ENTROPY)),
        find=_undeclared,
    ),
    LintRule(
        name="term-is-loss",
        summary="A term is not the loss under another name.",
        reason="The loss of a step is reported whatever the terms are. A metric that repeats it, "
        "such as an `accuracy` left over from a first draft, misleads whoever reads it.",
        bad=Example("metrics: {accuracy: mean}\n", _loss(_SUM, _LOSS_AGAIN)),
        good=Example("metrics: {accuracy: mean}\n", _loss(_SUM, _ACCURACY)),
        find=_renamed_loss,
    ),
    LintRule(
        name="mean-as-sum",
        severity=Severity.ERROR,
        summary="The sum that a loss returns must not be a mean.",
        reason="Divided twice, a step depends on how the batch is cut into micro-batches and "
        "processes, and short answers weigh more. `torch.nn.functional` divides unless "
        '`reduction="sum"` is set.',
        bad=Example("", _loss("")),
        good=Example("", _loss(_SUM)),
        find=_sum_that(
            Sums.mean,
            "`LossOutput.sum` must be a sum, not a mean",
            "return the sum and, as `count`, the number of its elements; the runtime divides once, "
            "by the count of the whole batch",
        ),
    ),
    LintRule(
        name="detached-loss",
        severity=Severity.ERROR,
        summary="The sum that a loss returns has a gradient.",
        reason="`detach`, `item` and `no_grad` cut it off from the model: the first step of a run "
        "ends there, after the model is loaded.",
        bad=Example("", _loss(_SUM, end=".detach()")),
        good=Example("", _loss(_SUM)),
        find=_sum_that(
            Sums.cut,
            "this has no gradient, and the `sum` of a loss is what is trained",
            "return the sum as it is computed; a term may be cut off, as it is reported and not "
            "trained",
        ),
    ),
)
"""The rules about losses."""
