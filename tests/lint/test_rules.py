"""Every rule, by its examples."""

from __future__ import annotations

from pathlib import Path

import pytest

from arctic_training.definition.stages import read_definitions
from arctic_training.lint.linter import lint
from arctic_training.lint.rule import Example, LintRule
from arctic_training.lint.rules import RULES
from tests.support import ROOT, arctic_gen, write

_WITH_EXAMPLES = [rule for rule in RULES.values() if rule.bad or rule.good]
_IMPORTS = """\
import torch
import torch.nn.functional as F
from torch import Tensor

from arctic_trainers.mine.config import MineTrainerConfig
from arctic_training.data.batches import IGNORE_INDEX, SFTBatch
from arctic_training.losses.language_modeling import next_token_logits, next_token_loss
from arctic_training.core.loss_output import LossOutput, Term
from arctic_training.trainer.trainer import Trainer


"""


def _found(folder: Path, example: Example | None) -> list[str]:
    """Return the rules that an example breaks, by all of them."""
    assert example is not None
    path = write(folder / "mine.yaml", example.whole)
    if example.loss:
        write(folder / "mine_loss.py", _IMPORTS + example.loss)
    loaded, problems = read_definitions([path])
    assert problems == []
    return [found.code for found in lint(loaded).findings]


@pytest.mark.parametrize("rule", _WITH_EXAMPLES, ids=lambda rule: rule.name)
def test_a_rule_is_what_its_examples_say(rule: LintRule, tmp_path: Path) -> None:
    """The bad example breaks the rule and no other; the good one breaks none."""
    assert _found(tmp_path / "bad", rule.bad) == [rule.name]
    assert _found(tmp_path / "good", rule.good) == []


@pytest.mark.parametrize("rule", _WITH_EXAMPLES, ids=lambda rule: rule.name)
def test_examples_are_generated_and_type_check(rule: LintRule, tmp_path: Path) -> None:
    """Both examples are right in every other way: the generator makes trainers of them."""
    for name, example in (("bad", rule.bad), ("good", rule.good)):
        assert example is not None
        write(tmp_path / name / "mine.yaml", example.whole)
        if example.loss:
            write(tmp_path / name / "mine_loss.py", _IMPORTS + example.loss)
        done = arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path / name)
        assert (done.code, done.err) == (0, "")


def _field(name: str, schema: str) -> Example:
    described = f"{{{schema}, description: A field.}}"
    return Example(f"config_type: {{properties: {{{name}: {described}}}}}\n")


def _loss(*lines: str, metrics: str = "{}") -> Example:
    head = "def mine_loss(trainer, batch):\n"
    head += "    x, labels = next_token_logits(trainer, batch)\n"
    return Example(f"metrics: {metrics}\n", head + "".join(f"    {line}\n" for line in lines))


_SUMMED = "F.cross_entropy(x, labels, reduction='sum')"


@pytest.mark.parametrize(
    ("example", "expected"),
    [
        (_field("dropout", "type: number, minimum: 0"), ["share-without-range"]),
        (_field("dropout", "type: [number, 'null'], default: null"), ["share-without-range"]),
        (_field("dropout", "type: number, exclusiveMinimum: 0, exclusiveMaximum: 1"), []),
        (_field("dropout", "type: boolean"), []),
        (_field("raindrops", "type: number"), []),
        (_field("max_turns", "type: integer, maximum: 9"), ["count-without-minimum"]),
        (_field("max_turns", "type: integer, exclusiveMinimum: 0"), []),
        (_field("max_norm", "type: number"), []),
        (_field("margin", "anyOf: [{type: number}, {type: 'null'}]"), ["nullable-without-default"]),
        (_field("margin", "enum: [1, null], default: 1"), []),
        (_field("micro_batch_sizes", "type: string"), ["confusable-name"]),
        (_field("learning_rate", "type: number"), ["confusable-name"]),
        (_field("inner", "type: object, properties: {weight_decay: {const: 1}}"), []),
        (_field("inner", "type: object, properties: {a: {type: integer}}"),
         ["missing-description"]),
        (_loss("return LossOutput(sum=x.mean(), count=1)"), ["mean-as-sum"]),
        (_loss("total = -x.mean()", "return LossOutput(total, 1)"), ["mean-as-sum"]),
        (_loss("a = x.sum() + x.mean(0).sum()", "return LossOutput(a, 1)"), []),
        (_loss("return LossOutput(x.sum() + F.mse_loss(x, x), 1)"), ["mean-as-sum"]),
        (_loss("return LossOutput(kl_div(x, x), 1)"), []),
        (_loss("out: LossOutput = LossOutput(x.mean(), 1)", "return out"), ["mean-as-sum"]),
        (_loss("terms: object = {'a': Term(1, 1)}", "return LossOutput(x.sum(), 1, terms)"),
         ["undeclared-term"]),
        (_loss("return LossOutput(trainer.kl_div(x, x), 1)"), []),
        (_loss("return LossOutput(F.kl_div(x, x, **options), 1)"), []),
        (_loss("return LossOutput(x.sum() / labels.sum(), 1)"), ["mean-as-sum"]),
        (_loss("return LossOutput(F.mse_loss(x, x, reduction='mean'), 1)"), ["mean-as-sum"]),
        (_loss("return LossOutput(F.mse_loss(x, x) * labels.numel(), labels.numel())"), []),
        (_loss("a = x.mean()", "a = x.sum()", "return LossOutput(a, 1)"), []),
        (_loss("s = F.relu(x)", "return LossOutput(sum=0.5 * s.mean(), count=1)"), ["mean-as-sum"]),
        (_loss("f = trainer.config.beta * 2", "return LossOutput(f * x.mean(), 1)"),
         ["mean-as-sum"]),
        (_loss("c = trainer.config", "return LossOutput(c.beta * x.mean(), 1)"), ["mean-as-sum"]),
        (_loss("f = len(labels)", "return LossOutput(f * x.mean(), 1)"), []),
        (_loss("return LossOutput(x.mean() * labels.numel() / 2, 1)"), []),
        (_loss("a: Tensor = x.mean()", "a *= 2", "a += x.sum()", "return LossOutput(a, 1)"),
         ["mean-as-sum"]),
        (_loss("a = x.sum()", "a /= labels.numel()", "return LossOutput(a, 1)"), ["mean-as-sum"]),
        (_loss("return LossOutput(2 * x.sum() / labels.sum(), 1)"), ["mean-as-sum"]),
        (_loss("return LossOutput(2 * x.sum().div(labels.sum()), 1)"), ["mean-as-sum"]),
        (_loss("return LossOutput(x.sum() * 2 / trainer.config.beta, 1)"), []),
        (_loss("a = x.sum()", "a /= trainer.config.beta", "return LossOutput(a, 1)"), []),
        (_loss("return LossOutput(x.mean().float().mul(2), 1)"), ["mean-as-sum"]),
        (_loss("return LossOutput(x.mean().mul(labels.numel()), 1)"), []),
        (_loss("return LossOutput(torch.mean(x), 1)"), ["mean-as-sum"]),
        (_loss("x = -x", "a = a + x.sum()", "return LossOutput(a, 1)"), []),
        (_loss("return LossOutput(x.mean().detach(), 1)"), ["detached-loss", "mean-as-sum"]),
        (_loss("a = x.detach().sum()", "return LossOutput(-a * 2, 1)"), ["detached-loss"]),
        (_loss("a = x.detach()", "return LossOutput((a * x).sum(), 1)"), []),
        (_loss("a = x.sum()", "return LossOutput(a + a.detach() * 0, 1)"), []),
        (_loss("with torch.no_grad():", "    a = x.sum()", "return LossOutput(a, 1)"),
         ["detached-loss"]),
        (_loss("with torch.no_grad():", "    a = x.exp()", "return LossOutput((a * x).sum(), 1)"),
         []),
        (_loss("return LossOutput(sum=x.sum().item(), count=1)"), ["detached-loss"]),
        (_loss("return LossOutput(x.sum(), 1, {'a': x.mean().detach()})", metrics="{a: mean}"), []),
        (_loss("def f():", "    return x.mean()", "return LossOutput(f(), 1)"), []),
        (_loss("return F.cross_entropy(x, labels)"), []),
        (_loss(f"out = LossOutput({_SUMMED}, 1)", "return out", metrics="{a: sum}"),
         ["unreturned-metric"]),
        (_loss("t = {'b': x}", f"out = LossOutput({_SUMMED}, 1, t)", "return out"),
         ["undeclared-term"]),
        (_loss("t = {'b': x}", "c = {k: Term(v, 1) for k, v in t.items()}",
               f"return LossOutput({_SUMMED}, 1, terms=c)", metrics="{a: sum}"),
         ["undeclared-term", "unreturned-metric"]),
        (_loss("t = {k: x for k in 'ab'}", f"return LossOutput({_SUMMED}, 1, t)",
               metrics="{c: sum}"), []),
        (_loss("t = {**x}", f"return LossOutput({_SUMMED}, 1, t)", metrics="{c: sum}"), []),
        (_loss("return next_token_loss(trainer, batch)", metrics="{a: sum}"),
         ["unreturned-metric"]),
        (_loss("return trainer.other(batch)", metrics="{a: sum}"), []),
    ],
)  # fmt: skip
def test_a_rule_finds_what_it_is_about_and_no_more(
    example: Example, expected: list[str], tmp_path: Path
) -> None:
    """Near each rule's edge, on both sides of it."""
    assert sorted(_found(tmp_path, example)) == expected


def test_what_ships_breaks_no_rule() -> None:
    """The trainers of the package and the examples are linted without a finding."""
    folders = [ROOT / "schemas/trainers", *(ROOT / "examples").iterdir()]
    named = {path for folder in folders for path in folder.glob("*.yaml")}
    number = len({path for path in named if not path.name.endswith(".recipe.yaml")})
    done = arctic_gen("lint", "--strict", "schemas/trainers", "examples", folder=ROOT)
    assert done == (0, f"{number} definitions looked at: no findings\n", "")


def test_a_field_that_is_taken_over_is_reported_where_it_is_taken_over(tmp_path: Path) -> None:
    """A field of what a definition extends is unread by the definition, not by its base.

    Fields of another file that are shared there are that file's affair.
    """
    line = "# yaml-language-server: $schema=generated/trainer.schema.json\n"
    head = line + "schema_version: 1\nname: {}\ndescription: A trainer.\n"
    shared = "definitions: {a: {type: object, properties: {b: {type: integer}}}}\n"
    write(tmp_path / "shared.yaml", shared)
    base = head.format("base") + "extends: sft\nloss: base_loss:base_loss\n" + _FIELD
    write(tmp_path / "base.yaml", base)
    write(tmp_path / "base_loss.py", "def base_loss(t, b): return t.config.margin\n")
    write(
        tmp_path / "mine.yaml",
        head.format("mine") + "extends: ./base.yaml\nloss: mine_loss:mine_loss\n" + _SHARED,
    )
    write(tmp_path / "mine_loss.py", "def mine_loss(t, b): return t.config.far and b\n")
    done = arctic_gen("lint", folder=tmp_path)
    assert done.out.startswith("mine.yaml:3:1: error[unread-field]: field `margin` is never read")
    assert "  base.yaml:9:5: declared here\n" in done.out
    assert done.out.count("error[") == 1


_FIELD = (
    "config_type:\n  properties:\n    margin: {type: number, default: 1, description: A gap.}\n"
)
_SHARED = (
    "config_type:\n  properties:\n"
    "    far: {$ref: 'shared.yaml#/definitions/a', description: Far away.}\n"
)


_LOSS = """\
def mine_loss(trainer: Trainer[MineTrainerConfig, SFTBatch], batch: SFTBatch) -> LossOutput:
    logits, labels = next_token_logits(trainer, batch)
    count = (labels != IGNORE_INDEX).sum()
    total = F.cross_entropy(logits.float(), labels, ignore_index=IGNORE_INDEX, reduction="sum")
    {body}
"""


@pytest.mark.parametrize(
    ("body", "is_found"),
    [
        ('return LossOutput(total, count, {"x": Term(total, count)})', True),
        ('return LossOutput(total, count, {"x": Term(total.detach(), count)})', True),
        ('return LossOutput(total, count, {"x": Term(float(total.item()), int(count))})', True),
        ('loss = total\n    return LossOutput(loss, count, {"x": Term(total, count)})', True),
        ('term = Term(total, count)\n    return LossOutput(total, count, {"x": term})', True),
        (
            'x = {"x": Term(count=count, sum=total)}\n    return LossOutput(total, count, x)',
            True,
        ),
        ('total += 1\n    return LossOutput(total, count, {"x": Term(total, count)})', True),
        ('return LossOutput(total, count, {"x": Term(total, len(labels))})', False),
        ('return LossOutput(total, count, {"x": Term(-total, count)})', False),
        ('return LossOutput(2 * total, count, {"x": Term(total, count)})', False),
        ('return LossOutput(total, count, {"x": Term(logits.sum(), count)})', False),
    ],
)
def test_a_term_that_is_the_loss_is_found(body: str, is_found: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """The same sum over the same count, by whatever names and conversions it goes."""
    example = Example("metrics: {x: mean}\n", _LOSS.format(body=body))
    assert ("term-is-loss" in _found(tmp_path, example)) == is_found
