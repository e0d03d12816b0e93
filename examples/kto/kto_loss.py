"""The loss of the `kto` trainer."""

from __future__ import annotations

import torch
from torch import Tensor

from arctic_trainers.kto.config import KTOTrainerConfig
from arctic_training import (
    LossOutput,
    RowBatch,
    Term,
    Trainer,
    UnpairedBatch,
    answer_log_probabilities,
    mismatched_answers,
)


def kto_loss(trainer: Trainer[KTOTrainerConfig, UnpairedBatch], batch: UnpairedBatch) -> LossOutput:
    """Return ``w (1 - sigmoid(r - z))`` of a good answer, ``w (1 - sigmoid(z - r))`` of a bad one.

    The reward is ``r = beta log(p(answer) / p_reference(answer))``. The baseline ``z`` is the mean
    of prompts with the next row's answers, at least 0 and without a gradient, over the
    micro-batch of this process, as the paper has it (Ethayarajh et al., 2024, "KTO: Model
    Alignment as Prospect Theoretic Optimization", equation 8 and section 4.1).
    """
    config, is_good = trainer.config, batch["is_good"]
    with torch.no_grad():
        baseline = _rewards(trainer, mismatched_answers(batch)).mean().clamp_min(0)
    rewards = _rewards(trainer, batch)
    weights = torch.where(is_good, config.good_weight, config.bad_weight)
    gains = (rewards - baseline) * torch.where(is_good, 1, -1)
    terms = {
        "baseline": Term(sum=baseline, count=1),
        "chosen_reward": Term(sum=rewards[is_good].sum(), count=is_good.sum()),
        "rejected_reward": Term(sum=rewards[~is_good].sum(), count=(~is_good).sum()),
    }
    return LossOutput((weights * (1 - gains.sigmoid())).sum(), len(rewards), terms)


def _rewards(trainer: Trainer[KTOTrainerConfig, UnpairedBatch], batch: RowBatch) -> Tensor:
    reference = answer_log_probabilities(trainer.frozen_model(trainer.config.ref_model), batch)
    ratios = answer_log_probabilities(trainer.model, batch) - reference
    return trainer.config.beta * ratios.sum(-1)
