"""The loss of the `focal` trainer."""

from __future__ import annotations

import torch.nn.functional as F

from arctic_trainers.focal.config import FocalTrainerConfig
from arctic_training import IGNORE_INDEX, LossOutput, SFTBatch, Term, Trainer, next_token_logits


def focal_loss(trainer: Trainer[FocalTrainerConfig, SFTBatch], batch: SFTBatch) -> LossOutput:
    """Return the sum of ``-(1 - p)^gamma log p`` over the tokens with loss (Lin et al., 2017)."""
    logits, labels = next_token_logits(trainer, batch)
    has_loss = labels != IGNORE_INDEX
    surprise = F.cross_entropy(logits[has_loss].float(), labels[has_loss], reduction="none")
    doubt = (1 - (-surprise).exp()).clamp_min(1e-6)
    count = has_loss.sum()
    return LossOutput(
        sum=(doubt**trainer.config.gamma * surprise).sum(),
        count=count,
        terms={"cross_entropy": Term(sum=surprise.sum(), count=count)},
    )
