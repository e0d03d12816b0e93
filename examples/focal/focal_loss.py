"""The loss of the `focal` trainer."""

from __future__ import annotations

import torch.nn.functional as F

from arctic_trainers.focal.config import FocalTrainerConfig
from arctic_training import IGNORE_INDEX, LossOutput, SFTBatch, Term, Trainer, next_token_logits


def focal_loss(trainer: Trainer[FocalTrainerConfig, SFTBatch], batch: SFTBatch) -> LossOutput:
    """Return the sum of ``-(1 - p)^gamma log p`` over the tokens with loss (Lin et al., 2017)."""
    logits, labels = next_token_logits(trainer, batch)
    trained = labels != IGNORE_INDEX
    surprise = F.cross_entropy(logits[trained].float(), labels[trained], reduction="none")
    doubt = (1 - (-surprise).exp()).clamp_min(1e-6)
    count = trained.sum()
    return LossOutput(
        sum=(doubt**trainer.config.gamma * surprise).sum(),
        count=count,
        terms={"cross_entropy": Term(sum=surprise.sum(), count=count)},
    )
