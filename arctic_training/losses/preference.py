"""Losses of preferences."""

from __future__ import annotations

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from arctic_training.config.model import ModelConfig
from arctic_training.core.loss_output import LossOutput, Term
from arctic_training.data.batches import IGNORE_INDEX, PreferenceBatch, RowBatch
from arctic_training.losses.log_probabilities import token_log_probabilities

__all__ = [
    "PreferenceConfig",
    "PreferenceTrainer",
    "answer_lengths",
    "answer_log_probabilities",
    "dpo_loss",
]


class PreferenceConfig(Protocol):
    """What the loss reads of a recipe: of `dpo`, or of a trainer that extends it."""

    @property
    def beta(self) -> float:
        """Strength of the pull toward the reference model."""

    @property
    def label_smoothing(self) -> float:
        """Assumed share of pairs whose label is wrong."""

    @property
    def ref_model(self) -> ModelConfig:
        """Section of the reference model."""


class PreferenceTrainer(Protocol):
    """What the loss needs of a trainer."""

    @property
    def config(self) -> PreferenceConfig:
        """The recipe."""

    @property
    def model(self) -> nn.Module:
        """The model that is trained."""

    def frozen_model(self, section: ModelConfig) -> nn.Module:
        """Return the model of a nested section."""


def dpo_loss(trainer: PreferenceTrainer, batch: PreferenceBatch) -> LossOutput:
    """Return the loss of direct preference optimization, summed over the pairs.

    With the reward ``r = beta (log p(answer | prompt) - log p_reference(answer | prompt))`` and
    the margin ``m = r_chosen - r_rejected``, it is ``-log sigmoid(m)`` for each pair (Rafailov et
    al., 2023, equation 7). A label smoothing ``e`` holds a share ``e`` of the labels to be wrong:
    ``-(1 - e) log sigmoid(m) - e log sigmoid(-m)`` (Mitchell, 2023, "A note on DPO with noisy
    preferences & relationship to IPO").

    A pair counts as accurate where its margin is above 0.

    Args:
        trainer: its trained model, and the one of its section ``ref_model``, are causal language
            models of transformers.
        batch: the rows of all chosen answers, then those of the rejected ones.

    Returns:
        The loss in fp32, counted by pairs; as terms the means over the pairs of ``reward_margin``,
        ``accuracy``, ``chosen_reward`` and ``rejected_reward``.

    """
    config, count = trainer.config, batch["num_pairs"]
    with torch.no_grad():
        reference = answer_log_probabilities(trainer.frozen_model(config.ref_model), batch)
    # Differences of tokens, not of sums: what is small stays exact.
    ratios = (answer_log_probabilities(trainer.model, batch) - reference).sum(-1)
    chosen, rejected = (config.beta * ratios).chunk(2)
    margins = chosen - rejected
    smoothing = config.label_smoothing
    losses = -(1 - smoothing) * F.logsigmoid(margins) - smoothing * F.logsigmoid(-margins)
    terms = {
        "reward_margin": margins,
        "accuracy": (margins > 0).float(),
        "chosen_reward": chosen,
        "rejected_reward": rejected,
    }
    return LossOutput(
        sum=losses.sum(),
        count=count,
        terms={name: Term(sum=each.sum(), count=count) for name, each in terms.items()},
    )


def answer_log_probabilities(model: nn.Module, batch: RowBatch) -> Tensor:
    """Return ``log p(token | before)`` of each token with loss, at the place of the one before.

    Elsewhere it is 0, so the sum over a row is that of its answer. Padding is on the right, where
    causal attention cannot reach it from a token, so no attention mask is needed.

    Args:
        model: a causal language model of transformers: the trained one, or a frozen one.
        batch: rows of one document each.

    Returns:
        fp32, of shape (rows, length).

    """
    logits: Tensor = model(input_ids=batch["input_ids"], use_cache=False).logits
    labels = batch["shift_labels"]
    return token_log_probabilities(logits.flatten(0, 1), labels.flatten()).view(labels.shape)


def answer_lengths(batch: RowBatch) -> Tensor:
    """Return the number of tokens with loss of each row: what a mean over an answer divides by.

    int64, of shape (rows); at least 1 with the data that this package prepares.
    """
    return (batch["shift_labels"] != IGNORE_INDEX).sum(-1)
