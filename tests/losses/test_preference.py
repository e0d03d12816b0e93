"""The loss of direct preference optimization, and runs with it."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from arctic_trainers.dpo import DPOTrainer, DPOTrainerConfig
from arctic_training.config.model import ModelConfig
from arctic_training.core.reports import MEASURED
from arctic_training.data.batches import IGNORE_INDEX, PreferenceBatch
from arctic_training.losses.preference import dpo_loss
from arctic_training.trainer.trainer import Trainer
from tests.bigrams import Answer, Bigrams, answers, pair_batch, softmax
from tests.preferences import SGDTrainer, dpo_config, pairs, preference_data
from tests.tiny import Recorder


class _Formula:
    """The loss of pairs and its gradient, in NumPy and fp64, a token at a time."""

    def __init__(self, model: Bigrams, reference: Bigrams, beta: float, smoothing: float) -> None:
        self.embedding, self.output = model.arrays()
        self.reference = reference.arrays()
        self.beta, self.smoothing = beta, smoothing
        self.loss = 0.0
        self.gradients = (np.zeros_like(self.embedding), np.zeros_like(self.output))
        self.margins: list[float] = []

    def add(self, chosen: Answer, rejected: Answer) -> None:
        """Add a pair, each side as the trained tokens with the one before each."""
        margin = self.beta * (self._ratio(chosen) - self._ratio(rejected))
        smoothing = self.smoothing
        self.loss += (1 - smoothing) * np.log1p(np.exp(-margin))
        self.loss += smoothing * np.log1p(np.exp(margin))
        self.margins.append(margin)
        of_margin = smoothing / (1 + np.exp(-margin)) - (1 - smoothing) / (1 + np.exp(margin))
        for side, sign in ((chosen, 1), (rejected, -1)):
            for before, token in side:
                self._descend(before, token, sign * self.beta * of_margin)

    def _ratio(self, side: Answer) -> float:
        ours, theirs = (self.embedding, self.output), self.reference
        return sum(math.log(softmax(ours, b)[t] / softmax(theirs, b)[t]) for b, t in side)

    def _descend(self, before: int, token: int, scale: float) -> None:
        of_logits = -softmax((self.embedding, self.output), before)
        of_logits[token] += 1
        of_logits *= scale
        self.gradients[0][before] += self.output.T @ of_logits
        self.gradients[1][:] += np.outer(of_logits, self.embedding[before])


def _stub(
    model: nn.Module, reference: nn.Module, *, beta: float, smoothing: float
) -> Trainer[DPOTrainerConfig, PreferenceBatch]:
    """Return what the loss sees of a trainer."""
    config = dpo_config(beta=beta, label_smoothing=smoothing)

    def frozen_model(section: ModelConfig) -> nn.Module:
        assert section is config.ref_model
        return reference

    stub = SimpleNamespace(config=config, model=model, frozen_model=frozen_model)
    return cast("Trainer[DPOTrainerConfig, PreferenceBatch]", stub)


@pytest.mark.parametrize("padding", [0, 3])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("beta", [0.1, 2.0])
def test_values_and_gradients_are_those_of_the_formula(
    beta: float, smoothing: float, padding: int
) -> None:
    """The loss, its terms and its gradient equal NumPy's on ragged pairs, padded on both sides."""
    sides = [(2, 3), (4, 1), (1, 6), (2, 7), (4, 4), (1, 2)]  # three chosen, three rejected
    batch = pair_batch(sides, padding=padding, seed=7)
    model, reference = Bigrams(1), Bigrams(2)
    formula = _Formula(model, reference, beta, smoothing)
    tokens = answers(batch["input_ids"], sides)
    for chosen, rejected in zip(tokens[:3], tokens[3:], strict=True):
        formula.add(chosen, rejected)

    output = dpo_loss(_stub(model, reference, beta=beta, smoothing=smoothing), batch)
    gradients = torch.autograd.grad(output.sum, list(model.parameters()))

    assert output.count == 3
    assert output.sum.item() == pytest.approx(formula.loss, rel=1e-5)
    for gradient, expected in zip(gradients, formula.gradients, strict=True):
        np.testing.assert_allclose(gradient.numpy(), expected, rtol=1e-5, atol=1e-5)
    terms = {name: torch.as_tensor(term.sum).item() for name, term in output.terms.items()}
    assert terms["reward_margin"] == pytest.approx(sum(formula.margins), rel=1e-5, abs=1e-5)
    assert terms["accuracy"] == sum(margin > 0 for margin in formula.margins)
    both = terms["chosen_reward"] - terms["rejected_reward"]
    assert both == pytest.approx(terms["reward_margin"], abs=1e-4)
    assert {float(term.count) for term in output.terms.values()} == {3.0}


def _run(trainer: DPOTrainer) -> Recorder:
    trainer.progress = recorder = Recorder()
    trainer.train()
    return recorder


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a model and its tokenizer, as transformers saves them."""
    folder = tmp_path_factory.mktemp("model")
    trainer = DPOTrainer(dpo_config())
    assert isinstance(trainer.engine.unwrapped, PreTrainedModel)
    trainer.engine.unwrapped.save_pretrained(folder)
    trainer.tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize(("stage", "dtype"), [(0, "fp32"), (1, "bf16"), (3, "fp32")])
def test_the_first_loss_is_the_logarithm_of_two(stage: int, dtype: str, model_folder: Path) -> None:
    """A model that is loaded from where its reference is prefers neither side."""
    model = {"type": "huggingface", "name_or_path": str(model_folder), "dtype": dtype}
    config = dpo_config(
        model=model,
        ref_model=model,
        tokenizer={"type": "huggingface"},
        train_iters=1,
        deepspeed={"zero_optimization": {"stage": stage}},
    )
    (report,) = _run(DPOTrainer(config)).reports
    assert report.loss == pytest.approx(math.log(2), abs=1e-6)
    assert report.terms["reward_margin"] == pytest.approx(0, abs=1e-6)


def test_padding_changes_nothing(tmp_path: Path) -> None:
    """Whatever stands behind an answer, loss and gradient are the same."""
    trainer = DPOTrainer(dpo_config(data=preference_data(tmp_path / "d.jsonl", pairs(4))))
    reference = trainer.frozen_model(trainer.config.ref_model)
    model = copy.deepcopy(trainer.engine.unwrapped)
    with torch.no_grad():  # away from the reference, for which every loss is the same
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    batch = next(iter(trainer.train_dataloader.batches(0)))
    more = PreferenceBatch(
        num_pairs=batch["num_pairs"],
        input_ids=torch.cat([batch["input_ids"], torch.full((4, 5), 9)], dim=1),
        shift_labels=torch.cat([batch["shift_labels"], torch.full((4, 5), IGNORE_INDEX)], dim=1),
        lengths=batch["lengths"],
    )
    losses, gradients = [], []
    for each in (batch, more):
        output = dpo_loss(_stub(model, reference, beta=0.5, smoothing=0.1), each)
        losses.append(output.sum.item())
        gradients.append(torch.autograd.grad(output.sum, list(model.parameters())))
    assert abs(losses[0] - 2 * math.log(2)) > 1e-3
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)
    for first, second in zip(*gradients, strict=True):
        torch.testing.assert_close(first, second, atol=1e-6, rtol=1e-5)


def test_a_step_does_not_depend_on_how_the_batch_is_cut(tmp_path: Path) -> None:
    """Weights after an epoch are the same for 8 pairs at once and for 4 times 2."""
    data = preference_data(tmp_path / "d.jsonl", pairs(20))
    weights: list[dict[str, Tensor]] = []
    losses: list[list[float]] = []
    for size, accumulation in ((8, 1), (2, 4)):
        trainer = SGDTrainer(
            dpo_config(
                data=data,
                micro_batch_size=size,
                gradient_accumulation_steps=accumulation,
                optimizer={"learning_rate": 0.1},
                scheduler={"name": "constant"},
                beta=1.0,
            )
        )
        losses.append([report.loss for report in _run(trainer).reports])
        weights.append(trainer.engine.full_state_dict())
    assert len(losses[0]) == 3
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)
    assert losses[0][2] != pytest.approx(math.log(2), abs=1e-2)
    for name, value in weights[0].items():
        torch.testing.assert_close(value, weights[1][name], atol=1e-6, rtol=0)


def test_pairs_are_evaluated_too(tmp_path: Path) -> None:
    """Pairs of `eval_sources` are counted whole; a model that did not move prefers neither side."""
    data = preference_data(tmp_path / "d.jsonl", pairs(4))
    config = dpo_config(
        data=data | {"eval_sources": data["sources"]},
        eval_interval=1,
        train_iters=1,
        optimizer={"learning_rate": 0},
        train_log_metrics_path=str(tmp_path / "metrics.jsonl"),
    )
    DPOTrainer(config).train()
    line = json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[-1])
    assert line["evaluation"] == "eval"
    assert line["loss"] == pytest.approx(math.log(2), abs=1e-6)
    assert line["reward_margin"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_a_resumed_run_is_the_run_that_did_not_stop(stage: int, tmp_path: Path) -> None:
    """Two steps, then two more after a resume, are bit for bit four; the reference is not saved."""

    def trained(folder: str, **changes: object) -> list[str]:
        saved = {"output_dir": str(tmp_path / folder), "auto_resume": True}
        config = dpo_config(
            data=preference_data(tmp_path / "d.jsonl", pairs(8)),
            checkpoint=saved | {"save_every_n_steps": 2},
            deepspeed={"zero_optimization": {"stage": stage}},
            train_log_metrics_path=str(tmp_path / folder / "metrics.jsonl"),
            **changes,
        )
        DPOTrainer(config).train()
        lines = (tmp_path / folder / "metrics.jsonl").read_text().splitlines()
        return [
            str({k: v for k, v in json.loads(line).items() if k not in MEASURED}) for line in lines
        ]

    whole = trained("whole")
    assert len(whole) == 4
    assert trained("parts", exit_iteration=2) == whole[:2]
    assert trained("parts") == whole
    assert [*tmp_path.glob("parts/*step_2*")]
    assert not any("ref" in path.name for path in tmp_path.glob("parts/**/*"))
