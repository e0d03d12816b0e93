"""The loss of the `reward` trainer."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from arctic_trainers.reward.config import RewardTrainerConfig
from arctic_training import LossOutput, PreferenceBatch, Term, Trainer


def reward_loss(
    trainer: Trainer[RewardTrainerConfig, PreferenceBatch], batch: PreferenceBatch
) -> LossOutput:
    """Return ``-log sigmoid(r(chosen) - r(rejected))`` of each pair.

    The reward is what the scalar head says of the last token (Ouyang et al., 2022, "Training
    language models to follow instructions with human feedback", equation 1).
    """
    scores: Tensor = trainer.model(input_ids=batch["input_ids"], use_cache=False).logits
    chosen, rejected = scores.float().squeeze(-1).chunk(2)
    margins, count = chosen - rejected, batch["num_pairs"]
    terms = {
        "reward_margin": Term(sum=margins.sum(), count=count),
        "accuracy": Term(sum=(margins > 0).sum(), count=count),
    }
    return LossOutput(sum=-F.logsigmoid(margins).sum(), count=count, terms=terms)
