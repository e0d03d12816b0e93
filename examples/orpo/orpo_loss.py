"""The loss of the `orpo` trainer."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from arctic_trainers.orpo.config import ORPOTrainerConfig
from arctic_training import (
    LossOutput,
    PreferenceBatch,
    Term,
    Trainer,
    answer_lengths,
    answer_log_probabilities,
)


def orpo_loss(
    trainer: Trainer[ORPOTrainerConfig, PreferenceBatch], batch: PreferenceBatch
) -> LossOutput:
    """Return ``-log p(chosen) - w log sigmoid(log(odds(chosen) / odds(rejected)))`` of each pair.

    Both are means over an answer's tokens, ``odds(y) = p(y) / (1 - p(y))`` (Hong et al., 2024,
    "ORPO: Monolithic Preference Optimization without Reference Model", equations 3 to 7).
    """
    means = answer_log_probabilities(trainer.model, batch).sum(-1) / answer_lengths(batch)
    log_odds = means - torch.log(-torch.expm1(means.clamp_max(-1e-6)))
    (chosen, _), (chosen_odds, rejected_odds) = means.chunk(2), log_odds.chunk(2)
    ratios, count = chosen_odds - rejected_odds, batch["num_pairs"]
    losses = -chosen - trainer.config.odds_weight * F.logsigmoid(ratios)
    terms = {
        "likelihood_loss": Term(sum=-chosen.sum(), count=count),
        "log_odds_ratio": Term(sum=ratios.sum(), count=count),
        "accuracy": Term(sum=(ratios > 0).sum(), count=count),
    }
    return LossOutput(sum=losses.sum(), count=count, terms=terms)
