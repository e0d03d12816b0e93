"""The examples: each is generated, type-checked, equal to its paper's formula, and trained."""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Final, NamedTuple, TypeAlias, cast

import numpy as np
import pytest
import torch

from arctic_training.api import load_recipe, make_trainer
from arctic_training.core.loss_output import LossOutput
from tests.bigrams import Answer, Bigrams, answers, log_probability, pair_batch, softmax
from tests.support import ROOT, arctic_gen
from tests.tiny import Recorder

_Loss: TypeAlias = Callable[[object, Mapping[str, object]], LossOutput]

_METHODS: Final = ("orpo", "simpo", "distillation", "kto", "reward")
_SMALL: Final = (
    "model.hidden_size=32",
    "model.intermediate_size=64",
    "model.num_hidden_layers=2",
    "model.num_attention_heads=2",
    "tokenizer.vocab_size=300",
    "tokenizer.sources.type=python_docs",
    "tokenizer.sources.sample_count=50",
    "data.sources.0.sample_count=12",
    "micro_batch_size=4",
    "train_iters=8",
    "overfit_first_batch=true",
    "optimizer.learning_rate=1e-2",
    "scheduler.name=constant",
    "checkpoint=[]",
)
_SIDES: Final = [(2, 3), (4, 1), (1, 6), (2, 7), (4, 4), (1, 2)]
"""Lengths of prompts and answers, of three chosen sides and three rejected ones."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with all examples, generated and type-checked in one run."""
    folder = tmp_path_factory.mktemp("examples")
    for name in _METHODS:
        example = ROOT / "examples" / name
        shutil.copytree(example, folder, dirs_exist_ok=True, ignore=_not_committed)
    made = arctic_gen("new-trainer", *(f"{name}.yaml" for name in _METHODS), folder=folder)
    assert made.code == 0, made.out + made.err
    assert "begin" not in made.out
    return folder


@pytest.fixture(autouse=True)
def _importable(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let modules of the project be imported, as the command does."""
    for folder in (project, project / "generated"):
        monkeypatch.syspath_prepend(str(folder))


def _not_committed(_folder: str, names: list[str]) -> set[str]:
    return {"generated", "runs", "__pycache__"} & set(names)


def _loss(name: str) -> _Loss:
    return cast("_Loss", getattr(import_module(f"{name}_loss"), f"{name}_loss"))


class _Expected(NamedTuple):
    """What one pair comes to by the formula."""

    loss: float
    terms: dict[str, float]


def _mean(model: Bigrams, answer: Answer) -> float:
    return log_probability(model, answer) / len(answer)


def _orpo(model: Bigrams, chosen: Answer, rejected: Answer) -> _Expected:
    probabilities = [np.exp(_mean(model, answer)) for answer in (chosen, rejected)]
    odds = [each / (1 - each) for each in probabilities]
    ratio = np.log(odds[0] / odds[1])
    likelihood = -np.log(probabilities[0])
    loss = likelihood - 0.3 * np.log(1 / (1 + np.exp(-ratio)))
    terms = {"likelihood_loss": likelihood, "log_odds_ratio": ratio, "accuracy": ratio > 0}
    return _Expected(loss, terms)


def _simpo(model: Bigrams, chosen: Answer, rejected: Answer) -> _Expected:
    difference = 2.5 * (_mean(model, chosen) - _mean(model, rejected))
    loss = -np.log(1 / (1 + np.exp(-(difference - 0.4))))
    return _Expected(loss, {"reward_margin": difference, "accuracy": difference > 0})


@pytest.mark.parametrize("padding", [0, 3])
@pytest.mark.parametrize(
    ("name", "config", "formula"),
    [
        ("orpo", {"odds_weight": 0.3}, _orpo),
        ("simpo", {"beta": 2.5, "margin": 0.4}, _simpo),
    ],
)
def test_pairs_are_counted_by_the_formula(
    name: str,
    config: dict[str, float],
    formula: Callable[[Bigrams, Answer, Answer], _Expected],
    padding: int,
) -> None:
    """Loss and terms of ragged pairs equal NumPy's in fp64, whatever stands behind the answers."""
    batch = pair_batch(_SIDES, padding=padding, seed=7)
    model = Bigrams(1)
    tokens = answers(batch["input_ids"], _SIDES)
    expected = [formula(model, *sides) for sides in zip(tokens[:3], tokens[3:], strict=True)]

    trainer = SimpleNamespace(config=SimpleNamespace(**config), model=model)
    output = _loss(name)(trainer, batch)

    assert sum(pair.loss for pair in expected) == pytest.approx(output.sum.item(), rel=1e-5)
    assert output.count == 3
    for term in expected[0].terms.keys() | output.terms.keys():
        total = sum(pair.terms[term] for pair in expected)
        assert total == pytest.approx(
            torch.as_tensor(output.terms[term].sum).item(), rel=1e-5, abs=1e-6
        )
        assert output.terms[term].count == 3


@pytest.mark.parametrize("beta", [0.0, 0.3, 1.0])
def test_distillation_is_counted_by_the_formula(beta: float) -> None:
    """The divergence of the trained tokens equals NumPy's in fp64, at both ends and between."""
    batch = pair_batch(_SIDES, padding=3, seed=7)
    model, teacher = Bigrams(1), Bigrams(2)
    expected = count = 0.0
    for before, _ in chain.from_iterable(answers(batch["input_ids"], _SIDES)):
        p, q = softmax(teacher.arrays(), before, 2.0), softmax(model.arrays(), before, 2.0)
        mixture = beta * p + (1 - beta) * q
        parts = {0.0: [(1, p, q)], 1.0: [(1, q, p)]}
        for weight, one, other in parts.get(beta, [(beta, p, mixture), (1 - beta, q, mixture)]):
            expected += weight * float((one * np.log(one / other)).sum())
        count += 1

    config = SimpleNamespace(beta=beta, temperature=2.0, teacher=object())
    trainer = SimpleNamespace(
        config=config, model=model, frozen_model={config.teacher: teacher}.get
    )
    output = _loss("distillation")(trainer, batch)

    assert expected == pytest.approx(output.sum.item(), rel=1e-5)
    assert count == float(output.count)


_LABELS: Final = [True, False, True, True, False, False]
_POLICY, _REFERENCE = Bigrams(1), Bigrams(2)


def _kto(tokens: list[Answer], labels: list[bool]) -> tuple[float, float, list[float]]:
    """Return the sum of the loss over a micro-batch, its baseline and its rewards."""
    lasts = [before for (before, _), *_ in tokens]
    others = [
        [(last, answer[0][1]), *answer[1:]]
        for last, answer in zip(lasts, [*tokens[1:], tokens[0]], strict=True)
    ]

    def reward(answer: Answer) -> float:
        return 0.2 * (log_probability(_POLICY, answer) - log_probability(_REFERENCE, answer))

    baseline = max(0.0, sum(map(reward, others)) / len(others))
    rewards = [*map(reward, tokens)]
    loss = sum(
        1.5 - 1.5 / (1 + math.exp(baseline - each))
        if is_good
        else 0.5 - 0.5 / (1 + math.exp(each - baseline))
        for each, is_good in zip(rewards, labels, strict=True)
    )
    return loss, baseline, rewards


def _kto_loss(batch: Mapping[str, object]) -> LossOutput:
    config = SimpleNamespace(beta=0.2, good_weight=1.5, bad_weight=0.5, ref_model=object())
    frozen = {config.ref_model: _REFERENCE}
    trainer = SimpleNamespace(config=config, model=_POLICY, frozen_model=frozen.get)
    return _loss("kto")(trainer, batch)


@pytest.mark.parametrize("padding", [4, 9])
def test_kto_is_counted_by_the_formula(padding: int) -> None:
    """Loss and terms of ragged answers equal NumPy's in fp64, with the baseline of their batch."""
    batch = pair_batch(_SIDES, padding=padding, seed=7)
    expected, baseline, rewards = _kto(answers(batch["input_ids"], _SIDES), _LABELS)
    output = _kto_loss({**batch, "is_good": torch.tensor(_LABELS)})
    terms = {
        name: (torch.as_tensor(term.sum).item(), float(term.count))
        for name, term in output.terms.items()
    }

    assert baseline > 0.01
    assert expected == pytest.approx(output.sum.item(), rel=1e-5)
    assert output.count == 6
    assert (baseline, 1) == pytest.approx(terms["baseline"], rel=1e-5)
    good = sum(each for each, is_good in zip(rewards, _LABELS, strict=True) if is_good)
    assert (good, 3) == pytest.approx(terms["chosen_reward"], rel=1e-5)
    assert (sum(rewards) - good, 3) == pytest.approx(terms["rejected_reward"], rel=1e-5)


def test_a_baseline_of_kto_is_that_of_its_micro_batch(project: Path) -> None:
    """So the definition says: cut in two, a batch has two baselines, and another loss.

    Each part comes to the formula of its own rows, whatever stands in the other.
    """
    assert "\ncoupling: micro_batch " in (project / "kto.yaml").read_text(encoding="utf-8")
    batch = {**pair_batch(_SIDES, padding=9, seed=7), "is_good": torch.tensor(_LABELS)}
    rows = {name: value for name, value in batch.items() if isinstance(value, torch.Tensor)}
    tokens = answers(rows["input_ids"], _SIDES)
    whole = _kto_loss(batch).sum.item()
    total = 0.0
    for part in (slice(0, 3), slice(3, 6)):
        cut = _kto_loss({name: value[part] for name, value in rows.items()})
        expected, baseline, _ = _kto(tokens[part], _LABELS[part])
        assert expected == pytest.approx(cut.sum.item(), rel=1e-5)
        assert baseline == pytest.approx(torch.as_tensor(cut.terms["baseline"].sum).item())
        total += expected
    assert total != pytest.approx(whole, rel=1e-4)


def test_rewards_are_ranked_by_the_formula() -> None:
    """Loss and terms of pairs equal NumPy's in fp64."""
    rewards = np.array([0.3, -1.2, 4.0, 0.1, 2.5, -7.0])
    output = SimpleNamespace(logits=torch.tensor(rewards, dtype=torch.float32)[:, None])
    batch = pair_batch(_SIDES, padding=1, seed=7)

    ranked = _loss("reward")(SimpleNamespace(model=lambda **_: output), batch)

    margins = rewards[:3] - rewards[3:]
    assert np.log1p(np.exp(-margins)).sum() == pytest.approx(ranked.sum.item(), rel=1e-5)
    assert ranked.count == 3
    terms = {name: float(term.sum) for name, term in ranked.terms.items()}
    assert terms == pytest.approx({"reward_margin": margins.sum(), "accuracy": 2}, rel=1e-5)


def test_a_certain_answer_is_no_infinity() -> None:
    """An answer whose every token is certain has finite odds and a finite gradient in `orpo`."""
    batch = pair_batch(_SIDES, padding=0, seed=7)
    model = Bigrams(1)
    with torch.no_grad():  # each token says, without a doubt, that token 0 follows
        model.embedding.fill_(1.0)
        model.output.zero_()
        model.output[0] = 100.0
    batch["input_ids"][:, 1:] = 0
    batch["shift_labels"][batch["shift_labels"] >= 0] = 0
    trainer = SimpleNamespace(config=SimpleNamespace(odds_weight=0.3), model=model)
    output = _loss("orpo")(trainer, batch)
    output.sum.backward()  # type: ignore[no-untyped-call]
    assert math.isfinite(output.sum.item())
    assert model.output.grad is not None
    assert model.output.grad.isfinite().all()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name == "distillation" else pytest.mark.full)
        for name in _METHODS
    ],
)
def test_each_keeps_what_it_promises(name: str, project: Path) -> None:
    """`arctic-gen test` finds nothing in an example; one learns from a second model alone."""
    done = arctic_gen("test", name, folder=project)
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith(f"`{name}` keeps what it promises\n")


@pytest.mark.parametrize("name", _METHODS)
def test_each_is_trained_by_its_recipe(name: str, project: Path) -> None:
    """The recipe beside a definition trains: on one batch, again and again, the loss falls."""
    own = {"distillation": ["teacher.hidden_size=64"], "kto": ["micro_batch_size=16"]}.get(name, [])
    trainer = make_trainer(load_recipe(project / f"{name}.recipe.yaml", [*_SMALL, *own]))
    trainer.progress = recorder = Recorder()
    trainer.train()
    losses = [report.loss for report in recorder.reports]
    assert len(losses) == 8
    assert losses[-1] < 0.9 * losses[0]
    assert all(map(math.isfinite, [x for r in recorder.reports for x in r.terms.values()]))
    assert str(project) in str(sys.modules[type(trainer).__module__].__file__)


def test_the_page_of_methods_counts_their_lines() -> None:
    """The page of methods names every one, with the lines of its definition and loss."""
    page = (ROOT / "docs/how-to/methods.md").read_text(encoding="utf-8")
    for name in _METHODS:
        files = [ROOT / f"examples/{name}/{file}" for file in (f"{name}.yaml", f"{name}_loss.py")]
        lines = [line for path in files for line in path.read_text("utf-8").splitlines()]
        number = len([line for line in lines if line.strip()])
        row = next(line for line in page.splitlines() if f"| `examples/{name}` |" in line)
        assert row.endswith(f"| {number} |")


@pytest.mark.parametrize(
    "changes",
    [
        ["deepspeed.zero_optimization.stage=3"],
        ["optimizer.type=muon"],
        [
            "model.peft_config.peft_type=LORA",
            "model.peft_config.target_modules=all-linear",
            "model.peft_config.modules_to_save=[score]",
        ],
    ],
    ids=["stage 3", "muon", "adapter"],
)
def test_a_reward_model_is_trained_as_others_are(changes: list[str], project: Path) -> None:
    """Its head is trained where weights are spread out, by Muon, and beside an adapter."""
    trainer = make_trainer(load_recipe(project / "reward.recipe.yaml", [*_SMALL, *changes]))
    before = {name: each.clone() for name, each in trainer.engine.full_state_dict().items()}
    trainer.progress = recorder = Recorder()
    trainer.train()
    assert recorder.reports[-1].loss < recorder.reports[0].loss
    heads = [name for name in before if "score" in name and "original" not in name]
    after = trainer.engine.full_state_dict()
    assert heads
    assert not any(torch.equal(before[name], after[name]) for name in heads)
