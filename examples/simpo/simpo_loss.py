"""The loss of the `simpo` trainer."""

from __future__ import annotations

import torch.nn.functional as F

from arctic_trainers.simpo.config import SimPOTrainerConfig
from arctic_training import (
    LossOutput,
    PreferenceBatch,
    Term,
    Trainer,
    answer_lengths,
    answer_log_probabilities,
)


def simpo_loss(
    trainer: Trainer[SimPOTrainerConfig, PreferenceBatch], batch: PreferenceBatch
) -> LossOutput:
    """Return ``-log sigmoid(r(chosen) - r(rejected) - margin)`` of each pair.

    The reward is ``r(y) = beta / |y| log p(y)`` (Meng et al., 2024, "SimPO: Simple Preference
    Optimization with a Reference-Free Reward", equation 6).
    """
    config, count = trainer.config, batch["num_pairs"]
    means = answer_log_probabilities(trainer.model, batch).sum(-1) / answer_lengths(batch)
    chosen, rejected = (config.beta * means).chunk(2)
    margins = chosen - rejected
    terms = {
        "reward_margin": Term(sum=margins.sum(), count=count),
        "accuracy": Term(sum=(margins > 0).sum(), count=count),
    }
    return LossOutput(sum=-F.logsigmoid(margins - config.margin).sum(), count=count, terms=terms)
